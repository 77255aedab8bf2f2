"""What clinics call their columns, in the languages whose exports we have met or expect; written as `normalised`."""

from __future__ import annotations

COLUMN_WORDS: dict[str, tuple[str, ...]] = {
    "patient_id": (
        *("patient id", "patient", "patient no", "patient number", "patient code", "patientid", "pid", "mrn"),
        *("subject", "subject id", "subject no", "subject code", "subjectid", "subj", "subj id", "sub", "sid"),
        *("participant", "participant id", "listener", "listener id", "case", "case id", "case no", "person id"),
        *("proband", "probanden nr", "patienten nr", "patientennummer", "patienten id", "fallnummer"),
        *(
            "hasta no",
            "hasta id",
            "hasta",
            "dosya no",
            "sujet",
            "paciente",
            "id paciente",
            "paziente",
            "medical record",
        ),
        *("record number", "file no", "hn"),
    ),
    "ear": (
        *(
            "ear",
            "side",
            "stimulus side",
            "test ear",
            "stim ear",
            "test side",
            "ear side",
            "stimulus ear",
            "laterality",
        ),
        *("ohr", "seite", "kulak", "taraf", "oreille", "côté", "oído", "oido", "lado", "orecchio", "lato", "ouvido"),
    ),
    "sex": ("sex", "gender", "geschlecht", "cinsiyet", "sexe", "sexo", "sesso", "genre"),
    "age_years": (
        *(
            "age",
            "age years",
            "age in years",
            "age yrs",
            "age y",
            "age at test",
            "test age",
            "patient age",
            "years old",
        ),
        *("age months", "age in months", "age mo", "age weeks", "age in weeks", "age days", "age in days"),
        *(
            "alter",
            "alter jahre",
            "alter monate",
            "yaş",
            "yas",
            "yaş ay",
            "yaş yıl",
            "âge",
            "edad",
            "età",
            "eta",
            "idade",
        ),
    ),
    "intensity_db_nhl": (
        *("intensity", "stimulus intensity", "stim intensity", "level", "stimulus level", "stim level", "db nhl"),
        *("dbnhl", "nhl", "db", "db hl", "dbhl", "level db", "intensity db", "intensity db nhl", "level db nhl"),
        *("level nhl", "db spl", "dbspl", "spl", "db pespl", "pespl", "presentation level", "stim db", "stimulus db"),
        *("pegel", "reizpegel", "lautstärke", "şiddet", "siddet", "uyaran şiddeti", "ses şiddeti", "intensité"),
        *("niveau", "intensidad", "nivel", "intensità", "livello", "intensidade", "nível"),
    ),
    "stimulus_rate_per_s": (
        *("stimulus rate", "stim rate", "stimrate", "rate", "repetition rate", "rep rate", "reprate", "click rate"),
        *("presentation rate", "rate per s", "rate hz", "stimuli per second", "stimuli per s", "clicks per second"),
        *("reizrate", "reizfolge", "uyaran hızı", "uyaran hizi", "uyarı hızı", "cadence", "taux de répétition"),
        *("tasa", "tasa de repetición", "frequenza di stimolo", "taxa"),
    ),
    "hearing_loss": (
        *("hear loss", "hearing loss", "hearing", "hearing status", "hearing loss type", "type of hearing loss"),
        *("loss type", "diagnosis", "group", "pathology", "hearing group", "hl type", "hearing class"),
        *("hörverlust", "schwerhörigkeit", "hörstörung", "diagnose", "işitme kaybı", "isitme kaybi", "tanı", "tani"),
        *("perte auditive", "surdité", "hipoacusia", "pérdida auditiva", "ipoacusia", "perda auditiva", "diagnóstico"),
    ),
    "stimulus_type": (
        *("stimulus type", "stimulus", "stim", "stim type", "stimtype", "stimulus name", "reiz", "reizart", "uyaran"),
        *("uyaran tipi", "estímulo", "stimolo"),
    ),
    "stimulus_polarity": (
        *("stimulus polarity", "polarity", "stim polarity", "click polarity", "phase", "stimulus phase"),
        *("polarität", "polarite", "polarité", "polaridad", "polarità", "polaridade"),
    ),
    "sweeps_accepted": (
        *("sweeps measured", "sweeps", "sweeps accepted", "accepted sweeps", "accepted", "n sweeps", "nsweeps"),
        *("number of sweeps", "averages", "n averages", "number of averages", "navg", "n avg", "trials", "n trials"),
        *("mittelungen", "süpürme", "balayages", "promediaciones", "epochs"),
    ),
    "sweeps_rejected": (
        *("sweeps rejected", "rejected sweeps", "rejected", "rejects", "artifacts", "artefacts", "n rejected"),
        *("artifact count", "artefakte", "artefakt", "rechazados"),
    ),
    "fmp": ("fmp", "fmp value", "fsp", "fsp value"),
    "residual_noise_nv": (
        *("resno", "res no", "residual noise", "residual noise level", "residual noise nv", "rn", "rn nv", "noise"),
        *("background noise", "noise level", "residual", "restrauschen", "rauschen", "artık gürültü", "bruit résiduel"),
    ),
}
"""Column of a cohort → names of it. Wave labels are read by :data:`LATENCY_WORDS` and :data:`AMPLITUDE_WORDS`."""

SAMPLING_RATE_WORDS = ("sr", "fs", "sampling rate", "sample rate", "sampling frequency", "samplerate", "abtastrate")

LATENCY_WORDS = (
    "lat",
    "latency",
    "latancy",
    "latenz",
    "latence",
    "latencia",
    "latenza",
    "latans",
    "latência",
    "gecikme",
)
AMPLITUDE_WORDS = ("amp", "ampl", "amplitude", "amplitud", "ampiezza", "genlik", "amplitüd", "height")
RESPONSE_WORDS = ("response", "present", "presence", "absent", "judgement", "judgment", "detected", "antwort", "yanıt")
WAVE_NAMES = {
    "I": ("i", "1", "w1", "wi", "j1", "p1", "wave1", "wavei", "jewett1"),
    "III": ("iii", "3", "w3", "wiii", "j3", "p3", "wave3", "waveiii", "jewett3"),
    "V": ("v", "5", "w5", "wv", "j5", "p5", "wave5", "wavev", "jewett5"),
}
FILLERS = ("wave", "welle", "dalga", "onde", "onda", "peak", "of", "the", "jewett", "marker", "ms", "uv", "µv", "nv")
"""Words that may stand beside the name of a wave without meaning another thing."""

AGE_UNITS = {
    "years": ("years", "year", "yr", "yrs", "y", "jahre", "yıl", "yil", "ans", "años", "anni", "anos", "a"),
    "months": ("months", "month", "mo", "mos", "m", "monate", "ay", "mois", "meses", "mesi"),
    "weeks": ("weeks", "week", "wk", "wks", "w", "wochen", "hafta", "semaines", "semanas", "settimane"),
    "days": ("days", "day", "d", "tage", "gün", "gun", "jours", "días", "dias", "giorni"),
}
UNITS = {"uv": "µV", "µv": "µV", "μv": "µV", "nv": "nV", "mv": "mV", "v": "V",
         "ms": "ms", "us": "µs", "µs": "µs", "μs": "µs", "s": "s", "sec": "s"}  # fmt: skip
