"""Words of clinics' files for the classes of a cohort, in the languages whose exports we have met or expect."""

from __future__ import annotations

from abr_model.schema import HEARING_LOSSES, RESPONSES
from abr_model.sources.columns.mapping import NO_RESPONSE_WORDS

_HEARING_WORDS = {
    "normal": ("normal hearing", "nh", "normal işitme", "normalhörend", "normoacusia", "no hearing loss"),
    "conductive": ("iletim", "iletim tipi", "schallleitung", "schallleitungsstörung", "chl", "conductive hearing loss"),
    "sensorineural": ("snhl", "sensory", "sensorinöral", "sensorineural hearing loss", "innenohr", "neurosensorial"),
    "neuropathy": ("ansd", "an", "auditory neuropathy spectrum disorder", "nöropati", "işitsel nöropati"),
    "total": ("deaf", "profound", "total deafness", "anacusis"),
}
_WORDS = {
    "ear": {
        "right": (
            *("right", "r", "re", "right ear", "ad", "sağ", "sag", "rechts", "droite", "derecho", "derecha"),
            "destra",
        ),
        "left": (
            *("left", "l", "le", "left ear", "as", "sol", "links", "gauche", "izquierdo", "izquierda"),
            "sinistra",
        ),
    },
    "sex": {
        "female": (
            *("female", "f", "woman", "girl", "k", "kadın", "kadin", "kız", "kiz", "w", "weiblich", "frau"),
            *("femme", "féminin", "mujer", "femenino", "femmina", "donna", "feminino"),
        ),
        "male": (
            *("male", "m", "man", "boy", "e", "erkek", "männlich", "mann", "homme", "masculin", "hombre"),
            *("masculino", "maschio", "uomo"),
        ),
    },
    "stimulus_polarity": {
        "alternating": ("alternating", "alternate", "alt", "alternated"),
        "rarefaction": ("rarefaction", "rar", "rare"),
        "condensation": ("condensation", "cond", "con"),
    },
    "hearing_loss": {
        h.code: (h.code, h.label.casefold(), *(n.casefold() for n in h.clinic_names), *_HEARING_WORDS[h.code])
        for h in HEARING_LOSSES
    },
    **{
        c.name: {
            "present": ("present", "yes", "y", "1", "true", "var", "detected", "vorhanden", "ja", "oui", "sí", "si"),
            "absent": (*("absent", "no", "n", "0", "false", *NO_RESPONSE_WORDS), *("nein", "non", "not detected")),
        }
        for c in RESPONSES
    },
}
"""Words of clinics' files for the classes of a cohort, in lower case."""


def known_words(column: str) -> dict[str, str]:
    """Word in lower case → class, for a class column of a cohort."""
    return {word: code for code, words in _WORDS[column].items() for word in words}
