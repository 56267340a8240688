"""Downloads what cards name: tools/fetch-weights."""

import errno
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

PIECE = 1 << 20
TRIES = 5
# What a server answers that is to be asked again: it waited too long, or was asked too often.
PATIENT = (408, 429)
TIMEOUT = 60
# Seconds between tries, which grow; tests set less.
PAUSE = float(os.environ.get("FETCH_PAUSE", "1"))


class Failure(Exception):
    """What is wrong, in one line."""


class Unreachable(Failure):
    """The address does not answer."""


def say(text):
    print(f"fetch-weights: {text}", flush=True)


def source(program, card):
    """What a card says of its weights, as `understudy weights source` prints it."""
    try:
        done = subprocess.run(
            [program, "weights", "source", card, "--json"], stdout=subprocess.PIPE, check=False)
    except OSError as error:
        raise Failure(f"{program}: {error.strerror}; build it, or pass --understudy PROGRAM") from None
    if done.returncode:
        raise Failure(f"{card}: not read, see above")
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise Failure(f"{program}: does not answer as understudy does; build it anew") from None


def sha256(path):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            total.update(piece)
    return total.hexdigest()


class Download:
    """A download to FILE.part, which may be there from an earlier one."""

    def __init__(self, url, file):
        self.url = url
        self.part = f"{file}.part"
        # What the server calls the version of which the part holds the beginning.
        self.note = f"{file}.part.json"
        self.length = None

    def version(self):
        """The validator that lets a server go on with the same bytes only; None where there is none."""
        try:
            with open(self.note, encoding="utf-8") as note:
                known = json.load(note)
        except (OSError, ValueError):
            return None
        return known.get("version") if known.get("url") == self.url else None

    def run(self, out):
        """Adds to the open part until all is there; gives up after several tries that bring nothing."""
        failed = 0
        while failed < TRIES:
            if failed:
                time.sleep(min(2**failed, 20) * PAUSE)
            before = out.seek(0, os.SEEK_END)
            try:
                self.attempt(out)
                return
            except urllib.error.HTTPError as error:
                if error.code == 416:
                    if self.is_whole(error, before):
                        return
                    out.truncate(0)  # It is longer than what is there now.
                elif error.code < 500 and error.code not in PATIENT:
                    raise Failure(f"{self.url}: {error.code} {error.reason}") from None
                reason = f"{error.code} {error.reason}"
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
                reason = getattr(error, "reason", None) or error
                reason = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
                if isinstance(error, http.client.IncompleteRead):
                    # Of an answer in chunks nobody knows how long it is.
                    rest = "" if error.expected is None else f", {error.expected:,} bytes are to come"
                    reason = f"the line dropped{rest}"
            say(f"{self.url}: {reason}")
            failed = 1 if out.seek(0, os.SEEK_END) > before else failed + 1
        raise Unreachable(f"{self.url}: {reason}")

    @staticmethod
    def is_whole(answer, have):
        """Whether a server that has no bytes behind the part says that there are as many as it has."""
        unit, _, whole = answer.headers.get("Content-Range", "").partition("*/")
        return unit.strip() == "bytes" and whole.isdigit() and int(whole) == have

    def attempt(self, out):
        have = out.seek(0, os.SEEK_END)
        version = self.version() if have else None
        headers = {"User-Agent": "understudy", "Accept-Encoding": "identity"}
        if version:
            headers |= {"Range": f"bytes={have}-", "If-Range": version}
        request = urllib.request.Request(self.url, headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            start, self.length = self.extent(answer, have if version else None)
            if "text/html" in answer.headers.get("Content-Type", ""):
                raise Failure(f"{self.url}: answers with a web page, perhaps a login, and no weights")
            if start == 0:
                out.truncate(0)
                self.remember(answer)
            elif start:
                say(f"going on after {start:,} bytes")
            out.seek(start)
            room = shutil.disk_usage(os.path.dirname(self.part) or ".").free
            if self.length is not None and room < self.length - start:
                raise Failure(f"{self.part}: {self.length - start:,} bytes are to come, and there is room for {room:,}")
            self.copy(answer, out, start)

    def extent(self, answer, have):
        """Where an answer begins, and how long the whole is if it says so."""
        length = answer.headers.get("Content-Length")
        length = int(length) if length and length.isdigit() else None
        if answer.status != 206:
            return 0, length
        unit, _, rest = answer.headers.get("Content-Range", "").partition(" ")
        span, _, whole = rest.partition("/")
        first = span.partition("-")[0]
        if unit != "bytes" or not first.isdigit() or int(first) != have:
            raise Failure(f"{self.url}: answers with other bytes than those asked for")
        return have, int(whole) if whole.isdigit() else None

    def remember(self, answer):
        version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if version and version.startswith("W/"):
            version = None
        with open(self.note, "w", encoding="utf-8") as note:
            json.dump({"url": self.url, "version": version}, note)

    def copy(self, answer, out, start):
        done, told = start, time.monotonic()
        # What has come is written, also where the line drops within a chunk.
        while piece := answer.read1(PIECE):
            out.write(piece)
            done += len(piece)
            if self.length is not None and done > self.length:
                raise Failure(f"{self.url}: sends more than the {self.length:,} bytes that it told of")
            if sys.stderr.isatty() and time.monotonic() - told > 0.5:
                told = time.monotonic()
                share = f" of {self.length:,}" if self.length else ""
                print(f"\r{done:,}{share} bytes", end="", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        out.flush()
        if self.length is not None and done < self.length:
            raise http.client.IncompleteRead(b"", self.length - done)



def is_several(said):
    """Whether the file of a card is the index of several, or a folder: an address has one file."""
    return any(name and name.endswith((".index.json", "/")) for name in (said["file"], said.get("url")))


def lock(path):
    """Opens a part, which may be new, for this process alone."""
    while True:
        opened = open(path, "a+b")
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            opened.close()
            raise Failure(f"{path}: another download of it is running") from None
        if os.fstat(opened.fileno()).st_nlink:
            return opened
        opened.close()  # Another download gave it up, or its name, just now.


def place(part, file):
    """Gives a part the file's name, unless something has it."""
    try:
        try:
            os.link(part, file)
            os.unlink(part)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise
            # A file system without links.
            if os.path.lexists(file):
                raise FileExistsError from None
            os.rename(part, file)
    except FileExistsError:
        raise Failure(f"{file}: is there by now, and is not replaced; what was fetched is {part}") from None


def fetch(said):
    """Brings the file of a card, which is missing, to its place."""
    file, url, digest = said["file"], said.get("url"), said.get("sha256")
    advice = f"place it at {file}" + (f"; its SHA-256 is {digest}" if digest else "")
    if not url:
        raise Failure(f"card {said['name']} names no url: get the file from {said['source']}, and {advice}")
    if is_several(said):
        raise Failure(f"card {said['name']} names weights of several files, and {url} is one: get them from "
                      f"{said['source']}, and place these files there: {file}, and what belongs to it")
    os.makedirs(os.path.dirname(file) or ".", exist_ok=True)
    download = Download(url, file)
    with lock(download.part):
        found = sha256(download.part) if digest else None
        # It may be whole, of a download that was killed after its last byte.
        if not digest or found != digest:
            say(f"{url} to {file}")
            bring(download, advice)
            found = sha256(download.part)
        if digest and found != digest:
            os.unlink(download.part)
            remove(download.note)
            raise Failure(f"{url}: SHA-256 is {found}, card {said['name']} says {digest}; the file was not kept")
        place(download.part, file)
    remove(download.note)
    folder = os.open(os.path.dirname(file) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    say(f"{file}: {os.path.getsize(file):,} bytes" + (", as the card says" if digest else
        f"; its SHA-256, for the card: {found}"))


def bring(download, advice):
    """Completes a part. One that has nothing in it is not left behind."""
    with open(download.part, "r+b") as out:
        try:
            download.run(out)
        except Failure as error:
            if not out.seek(0, os.SEEK_END):
                remove(download.part)
                remove(download.note)
            if not isinstance(error, Unreachable):
                raise
            raise Failure(
                f"{error}; where the network is out of reach, download {download.url} elsewhere, and "
                f"{advice}") from None
        os.fsync(out.fileno())


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass


def main(root, arguments):
    program = os.path.join(root, ".build/release/understudy")
    if not os.path.exists(program):
        program = shutil.which("understudy") or program
    if arguments[:1] == ["--understudy"]:
        if len(arguments) < 2:
            raise Failure("--understudy needs a program (see tools/fetch-weights --help)")
        program, arguments = arguments[1], arguments[2:]
    if not arguments or arguments[0].startswith("-"):
        raise Failure("name a card (see tools/fetch-weights --help)")
    for card in arguments:
        said = source(program, card)
        if said["state"] == "missing":
            fetch(said)
        elif said["state"] == "wrong":
            raise Failure(
                f"{said['file']}: is there, and its SHA-256 is not {said['sha256']}, as card {said['name']} "
                "says; remove the file, or mend the card")
        else:
            checked = "as the card says" if said["state"] == "present" else "unchecked: the card has no sha256"
            say(f"{said['file']}: is there, {checked}")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except Failure as failure:
        sys.exit(f"tools/fetch-weights: {failure}")
    except OSError as error:
        sys.exit(f"tools/fetch-weights: {error.filename or ''}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit("tools/fetch-weights: stopped; the same command goes on from there")
