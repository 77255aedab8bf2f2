"""Which columns of a clinic's file can tell who a person is, and how to speak of a cell without showing a person."""

from __future__ import annotations

import difflib
import re

_IDENTIFYING = re.compile(
    r"\b(id|ids|identifier|name|names|surname|firstname|lastname|birth|birthday|birthdate|dob|born|date|time|mrn|ssn|"
    r"patient|person|protocol no|phone|telephone|mobile|mail|email|e mail|address|street|city|postcode|zip|"
    r"physician|doctor|examiner|operator|tester|audiologist|hospital|clinic|insurance|national|passport|"
    r"comment|comments|note|notes|remark|remarks|file|ad|adı|soyad|soyadı|isim|doğum|dogum|tarih|tarihi|"
    r"tc|tckn|kimlik|telefon|adres|hasta|subject|subj|participant|listener|proband|probanden|vorname|nachname|"
    r"geburtsdatum|geburtstag|datum|anschrift|arzt|bemerkung|bemerkungen|nom|prénom|prenom|naissance|sujet|nombre|"
    r"apellido|apellidos|fecha|nacimiento|paciente|nome|cognome|nascita|paziente|sobrenome|nascimento)\b"
)


def normalised(name: str) -> str:
    """A column name for comparison: ``"Hear_Loss "`` and ``"hear loss"`` are the same."""
    return re.sub(r"[\s_\-.:]+", " ", str(name)).strip().casefold()


def is_identifying(name: str) -> bool:
    """Whether a column of this name holds, or may hold, who a person is: names, numbers, dates, free text."""
    return bool(_IDENTIFYING.search(normalised(name)))


def shown(value: str | None, known_words=()) -> str:
    """A refused cell as a report may show it.

    Rows slip: a name or a civil number can stand in the column of the intensity. So numbers of up to five digits are
    shown, and words that resemble an accepted one (a typing error); any other text only by its length.
    """
    if value is None:
        return ""
    text = str(value).strip()
    if re.fullmatch(r"[+-]?\d{1,5}([.,]\d*)?([eE][+-]?\d{1,3})?", text):
        return text[:12]
    if text.casefold() in ("inf", "-inf", "+inf", "nan"):
        return text
    if difflib.get_close_matches(text.casefold(), [w.casefold() for w in known_words], n=1, cutoff=0.75):
        return text
    return f"text of {len(text)} characters"
