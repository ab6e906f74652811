"""A book, and a server that hands it out in good and bad ways."""

import hashlib
import http.server

from moe_lesson.text.books import clean_text
from moe_lesson.text.downloads import Work

TALE = "A café at night.\n\nŒuvre “one”."
BOOK = (
    "\ufeffThe Project Gutenberg EBook of A Tale\r\n\r\nCharacter set encoding: UTF-8\r\n\r\n"
    "*** START OF THIS PROJECT GUTENBERG EBOOK A TALE ***\r\n\r\n\r\n"
    "Produced by Somebody and\r\nsomebody else.\r\n\r\n\r\n"
    + TALE.replace("é", "e\u0301").replace("\n", "\r\n")
    + "\r\n\r\n\r\nEnd of Project Gutenberg's A Tale, by Nobody\r\n\r\n"
    "*** END OF THIS PROJECT GUTENBERG EBOOK A TALE ***\r\n\r\n"
    "*** START: FULL LICENSE ***\r\n"
).encode()


def sha256(data):
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def tale(*paths, data=BOOK, read=clean_text):
    """Describe the book above as a work with copies at some paths."""
    return Work("A Tale", [(path, sha256(data)) for path in paths], read, sha256(TALE + "\n"))


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer as the first part of the path says."""

    def do_GET(self):
        self.server.asked.append(self.path)
        how = self.path.split("/")[1]
        if how == "missing":
            return self.send_error(404)
        if how == "silent":
            return self.server.over.wait(15)
        data = self.server.files[self.path.rsplit("/", 1)[1]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) * (10 if how == "trickling" else 1)))
        self.end_headers()
        if how == "trickling":
            return self.trickle()
        whole = {
            "good": data,
            "tampered": data.replace(b"night", b"noon!"),
            "truncated": data[: len(data) // 2],
            "stalling": data[: len(data) // 2],
        }[how]
        self.wfile.write(whole)
        if how == "stalling":
            self.server.over.wait(15)

    def trickle(self):
        """Send a byte now and then, until nobody listens."""
        try:
            while not self.server.over.wait(0.002):
                self.wfile.write(b".")
        except OSError:
            pass  # what the test waits for

    def log_message(self, *args):
        """Write nothing."""
