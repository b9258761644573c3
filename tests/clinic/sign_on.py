"""A sign-on service of a hospital: OpenID Connect with signed tokens, for one address."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


@contextmanager
def sign_on(client_id, email, *, verified=True):
    """Serve one person's sign-on; yields its address."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    asked = {}

    class Service(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            words = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self.say(
                    issuer=base,
                    authorization_endpoint=f"{base}/authorize",
                    token_endpoint=f"{base}/token",
                    userinfo_endpoint=f"{base}/userinfo",
                    jwks_uri=f"{base}/keys",
                )
            elif parts.path == "/keys":
                jwk = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
                self.say(keys=[{**jwk, "kid": "1", "use": "sig", "alg": "RS256"}])
            elif parts.path == "/authorize":
                asked.update(words)
                back = urlencode({"code": "once", "state": words["state"]})
                self.send_response(302)
                self.send_header("Location", f"{words['redirect_uri']}?{back}")
                self.end_headers()
            elif parts.path == "/userinfo":
                self.say(**person)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            now = int(time.time())
            claims = {**person, "iss": base, "aud": client_id, "iat": now, "exp": now + 60}
            claims["nonce"] = asked.get("nonce", "")
            token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "1"})
            self.say(access_token="a", id_token=token, token_type="Bearer", expires_in=60)

        def say(self, **data):
            body = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    person = {"sub": "hospital-17", "email": email, "email_verified": verified}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
