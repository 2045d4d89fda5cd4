# SPDX-License-Identifier: GPL-2.0-only
"""The module's answers to probe.c are those of Linux 5.4, but for what probe_deviations.tsv lists."""
import difflib
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))


def rows(text, columns):
    lines = (x.rstrip("\r").split("\t") for x in text.splitlines() if "\t" in x and not x.startswith("#"))
    return [tuple(x[:columns]) for x in lines]


def read(name, columns):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return rows(f.read(), columns)


def differences(theirs, ours):
    """Subjects with both answers; '-' where there is none."""
    match = difflib.SequenceMatcher(None, [x[0] for x in theirs], [x[0] for x in ours], autojunk=False)
    for kind, i, j, k, m in match.get_opcodes():
        if kind == "equal":
            for a, b in zip(theirs[i:j], ours[k:m]):
                if a != b:
                    yield a[0], a[1], b[1]
            continue
        for a in theirs[i:j]:
            yield a[0], a[1], "-"
        for b in ours[k:m]:
            yield b[0], "-", b[1]


def explained(subject, answer, deviations):
    return any(re.fullmatch(s, subject) and re.fullmatch(a, answer) for s, a, _ in deviations)


def test_probe(hosts):
    host = hosts.get("virt", "armmp-lpae")
    ours = rows(host.program("probe"), 2)
    assert ours and ours[-1][0] == "end", "the probe did not come to its end"
    deviations = read("probe_deviations.tsv", 3)
    found = list(differences(read("linux54.tsv", 2), ours))
    wrong = [f"{s}: Linux 5.4 says {a!r}, the module {b!r}" for s, a, b in found
             if not explained(s, b, deviations)]
    assert not wrong, "\n".join(wrong)
    host.check_kernel()


def test_deviations_have_reasons():
    for row in read("probe_deviations.tsv", 3):
        assert len(row) == 3 and len(row[2]) > 3, row
