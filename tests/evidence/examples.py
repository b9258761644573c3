"""Published example data sets, typed in from their sources."""

from sojourn.evidence.effects import Count, Effect, Sample, log_risk_ratio
from sojourn.evidence.network import Contrast

# Colditz 1994, JAMA 271:698; dat.bcg of metafor: tuberculosis and none in vaccinated and control,
# latitude, allocation.
BCG = (
    ("aronson", 1948, 4, 119, 11, 128, 44, "random"),
    ("ferguson-simes", 1949, 6, 300, 29, 274, 55, "random"),
    ("rosenthal-1960", 1960, 3, 228, 11, 209, 42, "random"),
    ("hart-sutherland", 1977, 62, 13536, 248, 12619, 52, "random"),
    ("frimodt-moller", 1973, 33, 5036, 47, 5761, 13, "alternate"),
    ("stein-aronson", 1953, 180, 1361, 372, 1079, 44, "alternate"),
    ("vandiviere", 1973, 8, 2537, 10, 619, 19, "random"),
    ("tpt-madras", 1980, 505, 87886, 499, 87892, 13, "random"),
    ("coetzee-berjak", 1968, 29, 7470, 45, 7232, 27, "random"),
    ("rosenthal-1961", 1961, 17, 1699, 65, 1600, 42, "systematic"),
    ("comstock-1974", 1974, 186, 50448, 141, 27197, 18, "systematic"),
    ("comstock-webster", 1969, 5, 2493, 3, 2338, 33, "systematic"),
    ("comstock-1976", 1976, 27, 16886, 29, 17825, 33, "systematic"),
)
LATITUDES = [row[6] for row in BCG]
ALLOCATIONS = [row[7] for row in BCG]

# Hackshaw 1997, BMJ 315:980; dat.hackshaw1998 of metafor: log odds ratios and variances.
HACKSHAW = (
    (0.1655, 0.0188), (0.3716, 0.0330), (0.7031, 0.5402), (0.1823, 0.0313), (-0.2877, 0.0797),
    (0.7275, 0.2273), (0.7561, 0.0889), (-0.2231, 0.1927), (-0.2357, 0.3390), (0.6981, 0.0981),
    (0.2070, 0.0456), (0.1823, 0.2317), (0.4187, 0.0796), (0.0296, 0.2174), (0.4383, 0.0770),
    (0.0296, 0.0715), (0.8502, 0.2926), (0.5008, 0.0324), (0.1740, 0.0363), (0.4187, 0.4839),
    (0.7701, 0.1238), (0.0770, 0.0711), (0.9361, 0.3982), (0.4824, 0.0896), (0.0583, 0.0337),
    (-0.2357, 0.0161), (-0.3011, 0.1802), (0.8198, 0.3171), (-0.0305, 0.0125), (0.4700, 0.1137),
    (0.1740, 0.0893), (0.5068, 0.1760), (0.2311, 0.0100), (0.0953, 0.0862), (0.5068, 0.0399),
    (0.1484, 0.0364), (0.1044, 0.0664),
)  # fmt: skip

# Normand 1999, Stat Med 18:321; length of stay, specialist stroke care against routine care.
NORMAND = (
    (155, 55, 47, 156, 75, 64), (31, 27, 7, 32, 29, 4), (75, 64, 17, 71, 119, 29),
    (18, 66, 20, 18, 137, 48), (8, 14, 8, 13, 18, 11), (57, 19, 7, 52, 18, 4),
    (34, 52, 45, 33, 41, 34), (110, 21, 16, 183, 31, 27), (60, 30, 27, 52, 23, 20),
)  # fmt: skip

# Pritz 1997, Pediatr Neurosurg; dat.pritz1997 of metafor: vasospasm treated, improved of n.
PRITZ = (
    (16, 17), (10, 12), (4, 8), (43, 58), (10, 10), (25, 42), (13, 14),
    (12, 12), (22, 41), (4, 5), (5, 6), (18, 23), (58, 68), (6, 10),
)  # fmt: skip

# Niel-Weise 2007, J Antimicrob Chemother 59:359; infections with coated and standard catheters.
NIELWEISE = (
    (0, 116, 3, 117), (1, 44, 3, 35), (2, 208, 9, 195), (0, 130, 7, 136), (5, 151, 6, 157),
    (1, 98, 4, 139), (1, 174, 3, 177), (1, 74, 2, 39), (1, 97, 19, 103), (1, 113, 2, 122),
    (0, 66, 7, 64), (0, 70, 1, 58), (3, 188, 5, 175), (6, 187, 11, 180), (0, 118, 0, 105),
    (0, 252, 1, 262), (1, 345, 3, 362), (4, 64, 1, 69),
)  # fmt: skip

# Senn, Gavini, Magrez, Scheen 2013, Stat Methods Med Res 22:169, as in netmeta: change of HbA1c.
SENN = (
    ("defronzo", "metf", "plac", -1.90, 0.1414), ("lewin", "metf", "plac", -0.82, 0.0992),
    ("willms", "metf", "acar", -0.20, 0.3579), ("davidson", "rosi", "plac", -1.34, 0.1435),
    ("wolffenbuttel", "rosi", "plac", -1.10, 0.1141), ("kipnes", "piog", "plac", -1.30, 0.1268),
    ("kerenyi", "rosi", "plac", -0.77, 0.1078), ("hanefeld", "piog", "metf", 0.16, 0.0849),
    ("derosa", "piog", "rosi", 0.10, 0.1831), ("baksi", "rosi", "plac", -1.30, 0.1014),
    ("rosenstock", "rosi", "plac", -1.09, 0.2263), ("zhu", "rosi", "plac", -1.50, 0.1624),
    ("yang", "rosi", "metf", -0.14, 0.2239), ("vongthavaravat", "rosi", "sulf", -1.20, 0.1436),
    ("oyama", "acar", "sulf", -0.40, 0.1549), ("costa", "acar", "plac", -0.80, 0.1432),
    ("hermansen", "sita", "plac", -0.57, 0.1291), ("garber", "vild", "plac", -0.70, 0.1273),
    ("alex", "metf", "sulf", -0.37, 0.1184), ("johnston-1994", "migl", "plac", -0.74, 0.1839),
    ("johnston-1998a", "migl", "plac", -1.41, 0.2235), ("kim", "rosi", "metf", 0.00, 0.2339),
    ("johnston-1998b", "migl", "plac", -0.68, 0.2828), ("gonzalez", "metf", "plac", -0.40, 0.4356),
    ("stucci", "benf", "plac", -0.23, 0.3467), ("moulin", "benf", "plac", -1.01, 0.1366),
    ("willms", "metf", "plac", -1.20, 0.3758), ("willms", "acar", "plac", -1.00, 0.4669),
)  # fmt: skip


def bcg() -> list[Effect]:
    return [
        log_risk_ratio(Count(a, a + b), Count(c, c + d), study=study, year=year)
        for study, year, a, b, c, d, *_ in BCG
    ]


def hackshaw() -> list[Effect]:
    return [Effect(f"s{i}", y, v, "log-odds-ratio") for i, (y, v) in enumerate(HACKSHAW)]


def normand() -> list[tuple[Sample, Sample]]:
    return [(Sample(a, b, c), Sample(d, e, f)) for a, b, c, d, e, f in NORMAND]


def senn() -> list[Contrast]:
    return [Contrast(s, a, b, y, e**2) for s, a, b, y, e in SENN]
