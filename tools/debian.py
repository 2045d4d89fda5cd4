# SPDX-License-Identifier: GPL-2.0-only
"""Packages from Debian's archive for any architecture, through apt.

They come from where this machine gets its own, with a private state of apt, so
that the machine's package lists stay as they are; no root is needed.
"""
import glob
import os
import re
import subprocess
import tarfile


class Failure(Exception):
    pass


def say(text):
    print(f"vambrace: {text}", flush=True)


def codename():
    with open("/etc/os-release", encoding="utf-8") as f:
        m = re.search(r'^VERSION_CODENAME="?(\w+)', f.read(), re.M)
    if not m:
        raise Failure("/etc/os-release names no Debian release; the guest is fetched on Debian")
    return m.group(1)


def split_sources(name):
    """The entries of one apt source file as (uri, suite, components, signed_by)."""
    with open(name, encoding="utf-8") as f:
        text = f.read()
    if name.endswith(".sources"):
        for para in re.split(r"\n\s*\n", text):
            lines = [x for x in para.splitlines() if not x.startswith("#")]
            fields, key = {}, None
            for line in lines:
                if line[:1].isspace() and key:
                    fields[key] += "\n" + line
                elif ":" in line:
                    key, val = line.split(":", 1)
                    key = key.lower()
                    fields[key] = val.strip()
            if "deb" not in fields.get("types", "").split():
                continue
            if fields.get("enabled", "yes").lower() in ("no", "false"):
                continue
            for uri in fields.get("uris", "").split():
                for suite in fields.get("suites", "").split():
                    yield uri, suite, fields.get("components", ""), fields.get("signed-by", "")
        return
    for line in text.splitlines():
        m = re.match(r"deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s*(.*)", line.split("#")[0].strip())
        if m:
            signed = re.search(r"signed-by=(\S+)", m.group(1) or "", re.I)
            yield m.group(2), m.group(3), m.group(4), signed.group(1) if signed else ""


def debian_sources(suites):
    """This machine's own entries for the suites, one deb822 paragraph each."""
    found = []
    names = ["/etc/apt/sources.list"] + sorted(glob.glob("/etc/apt/sources.list.d/*"))
    for name in names:
        if not os.path.isfile(name) or not name.endswith((".list", ".sources")):
            continue
        for uri, suite, components, signed in split_sources(name):
            if suite in suites and "main" in components.split():
                found.append((uri, suite, signed))
    return found


def sources(backports=False):
    """Lists of entries to try in turn: an archive that is being mirrored may lack some list."""
    code = codename()
    own = debian_sources([code, code + "-updates", code + "-security"])
    base = [e for e in own if e[1] == code]
    if not base:
        raise Failure(f"apt's sources on this machine have no entry for {code} main; add Debian's own")
    if backports:
        uri, suite, signed = base[0]
        return [[(uri, suite, signed), (uri, suite + "-backports", signed)]]
    return [own, base]


def paragraph(uri, suite, signed):
    text = f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\n"
    return text + (f"Signed-By: {signed}\n" if signed else "")


class Apt:
    """apt for another architecture with a state of its own."""

    def __init__(self, base, arch):
        self.base = os.path.abspath(base)
        self.debs = os.path.join(self.base, "debs")
        for d in ("lists/partial", "archives/partial", "debs"):
            os.makedirs(os.path.join(self.base, d), exist_ok=True)
        open(os.path.join(self.base, "status"), "a", encoding="ascii").close()
        self.sources = os.path.join(self.base, "vambrace.sources")
        self.config = os.path.join(self.base, "apt.conf")
        with open(self.config, "w", encoding="ascii") as f:
            f.write(f'''APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "root";
Dir::State "{self.base}";
Dir::State::Lists "{self.base}/lists";
Dir::State::status "{self.base}/status";
Dir::Cache "{self.base}";
Dir::Cache::archives "{self.base}/archives";
Dir::Etc::sourcelist "{self.sources}";
Dir::Etc::sourceparts "-";
Acquire::Languages "none";
Acquire::Retries "3";
''')
        self.env = dict(os.environ, APT_CONFIG=self.config, LC_ALL="C")

    def use(self, entries):
        with open(self.sources, "w", encoding="ascii") as f:
            f.write("\n".join(paragraph(*e) for e in entries))

    def update(self):
        return subprocess.run(["apt-get", "-q", "update", "--error-on=any"], env=self.env,
                              check=False).returncode == 0

    def output(self, *cmd):
        p = subprocess.run(cmd, env=self.env, check=False, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return p.stdout

    def real_package(self, meta, pattern):
        """The package that the metapackage stands for now."""
        names = re.findall(rf"Depends: ({pattern})$", self.output("apt-cache", "depends", meta),
                           re.M)
        if not names:
            raise Failure(f"the package lists have no {meta}; is this Debian 12 with its main "
                          "archive among apt's sources?")
        return names[0]

    def download(self, package):
        """The package's file, kept from an earlier time if it is still the newest."""
        uris = self.output("apt-get", "--print-uris", "-q", "download", package)
        m = re.search(r"^'[^']+' (\S+) \d+", uris, re.M)
        if not m:
            raise Failure(f"apt does not know where {package} is")
        path = os.path.join(self.debs, m.group(1))
        if not os.path.exists(path):
            say(f"fetching {package}")
            ok = subprocess.run(["apt-get", "-q", "download", package], env=self.env,
                                cwd=self.debs, check=False).returncode == 0
            if not ok or not os.path.exists(path):
                raise Failure(f"could not fetch {package}; is the network up?")
        return path


def deb_members(deb):
    p = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    with tarfile.open(fileobj=p.stdout, mode="r|") as tar:
        for m in tar:
            if m.isfile():
                yield m.name.removeprefix("./"), tar.extractfile(m)
    p.stdout.close()
    if p.wait():
        raise Failure(f"{deb} is broken; remove it and try again")


def write_file(path, data):
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.replace(path + ".new", path)
