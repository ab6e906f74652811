"""A server of a test, on this machine alone."""

import http.server
import threading
from contextlib import contextmanager


@contextmanager
def serving(handler):
    """Serve with a handler's class while the block lasts; its state is the caller's to set."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
