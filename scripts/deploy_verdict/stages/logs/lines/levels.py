"""What the words and numbers of loggers mean as levels, as data. Pure."""

import re

CRITICAL, ERROR, WARNING, INFO, DEBUG = "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"
ERROR_LEVELS = (ERROR, CRITICAL)

# Words that more than one format uses in a line's place for a level.
WORDS = {
    **dict.fromkeys(("EMERGENCY", "EMERG", "EMRG", "ALERT", "ALRT", "CRITICAL", "CRIT", "CRT"), CRITICAL),
    **dict.fromkeys(("DPANIC", "PANIC", "FATAL", "FATA", "FTL", "PANI", "PNC"), CRITICAL),
    **dict.fromkeys(("ERROR", "ERR", "ERRO", "EROR", "SEVERE", "FAIL"), ERROR),
    **dict.fromkeys(("WARNING", "WARN", "WRN"), WARNING),
    **dict.fromkeys(("INFORMATION", "INFO", "INF", "NOTICE", "NTCE", "SUCCESS"), INFO),
    **dict.fromkeys(("DEBUG", "DEBU", "DEBG", "DBUG", "DBG"), DEBUG),
    **dict.fromkeys(("VERBOSE", "VRB", "TRACE", "TRCE", "TRC"), DEBUG),
}
# java.util.logging and PostgreSQL write them in the system's language.
LOCALISED = {
    **dict.fromkeys(("PANIK", "ПАНИКА", "ВАЖНО", "FATALE", "致命错误"), CRITICAL),
    **dict.fromkeys(("SCHWERWIEGEND", "GRAVE", "ALLVARLIG", "重大", "严重", "심각"), ERROR),
    **dict.fromkeys(
        ("FEHLER", "ERREUR", "ERRORE", "ОШИБКА", "BŁĄD", "HATA", "错误", "エラー", "오류"), ERROR
    ),
    **dict.fromkeys(("WARNUNG", "ADVERTENCIA", "ADVERTÊNCIA", "AVERTISSEMENT", "ATTENTION"), WARNING),
    **dict.fromkeys(("AVVERTENZA", "ATTENZIONE", "VARNING", "ПРЕДУПРЕЖДЕНИЕ", "警告", "경고"), WARNING),
    **dict.fromkeys(("INFOS", "INFORMACIÓN", "INFORMACION", "INFORMAÇÕES", "INFORMAZIONI"), INFO),
    **dict.fromkeys(("INFORMATIONS", "HINWEIS", "JOURNAL", "СООБЩЕНИЕ", "信息", "情報", "정보"), INFO),
}
# Words that are a level only if brackets, a key or a format of their own say so.
NAMED = {
    **WORDS,
    **dict.fromkeys(("INFORMATIONAL", "LOG", "NOTE", "SYSTEM", "CONFIG", "HTTP", "STATEMENT", "AUDIT"), INFO),
    **dict.fromkeys(("FINE", "FINER", "FINEST", "SILLY", "TRAC", "ALL"), DEBUG),
    **dict.fromkeys(("FAILURE", "E"), ERROR),
    **dict.fromkeys(("F", "A", "C"), CRITICAL),
    **{"W": WARNING, "I": INFO, "N": INFO, "D": DEBUG, "V": DEBUG, "T": DEBUG},
    **{f"DEBUG{number}": DEBUG for number in range(1, 6)},
    **{f"TRACE{number}": DEBUG for number in range(1, 9)},
    **LOCALISED,
}
SYSLOG = (CRITICAL, CRITICAL, CRITICAL, ERROR, WARNING, INFO, INFO, DEBUG)
_SHIFTED = re.compile(r"([A-Z]+)([+-])([0-9]{1,3})", re.ASCII)
_RANKS = {DEBUG: -4, INFO: 0, WARNING: 4, ERROR: 8}


def named_level(word: str) -> str | None:
    """Return the level that a word means in a level's place, in any case, also Go's ERROR+4; else None."""
    word = word.strip().upper()
    found = NAMED.get(word)
    if found is not None:
        return found
    shifted = _SHIFTED.fullmatch(word)
    base = NAMED.get(shifted[1]) if shifted is not None else None
    if shifted is None or base not in _RANKS:
        return None
    # slog counts in fours: WARN+4 is ERROR.
    rank = _RANKS[base] + int(shifted[2] + shifted[3])
    return next(
        (level for level, least in ((CRITICAL, 12), (ERROR, 8), (WARNING, 4), (INFO, 0)) if rank >= least),
        DEBUG,
    )


def syslog_level(priority: int) -> str | None:
    """Return the level of a syslog severity, or of a priority that includes the facility."""
    return SYSLOG[priority % 8] if 0 <= priority <= 191 else None


def banded(number: float, *bands: tuple[float, str]) -> str:
    """Return the level of the highest band that a number reaches; DEBUG below all of them."""
    return next((level for least, level in bands if number >= least), DEBUG)


def bunyan_level(number: float) -> str:
    """Return the level of a number of pino or bunyan."""
    return banded(number, (60, CRITICAL), (50, ERROR), (40, WARNING), (30, INFO))


def python_level(number: float) -> str:
    """Return the level of a number of Python's logging."""
    return banded(number, (50, CRITICAL), (40, ERROR), (30, WARNING), (20, INFO))


def hundreds_level(number: float) -> str:
    """Return the level of a number of Monolog or Google Cloud, which agree on what is an error."""
    return banded(number, (500, CRITICAL), (400, ERROR), (300, WARNING), (200, INFO))


def otel_level(number: float) -> str:
    """Return the level of OpenTelemetry's SeverityNumber."""
    return banded(number, (21, CRITICAL), (17, ERROR), (13, WARNING), (9, INFO))
