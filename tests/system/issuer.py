"""An issuer of tokens whose key is ours: good ones, and such as nobody must believe."""
import base64
import json
import subprocess
import time
import uuid


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs tokens with an RSA key, by openssl."""

    def __init__(self, directory):
        self.key = directory / "key.pem"
        self.jwks = directory / "jwks.json"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
        n = bytes.fromhex(modulus.strip().removeprefix("Modulus="))
        self.jwks.write_text(json.dumps({"keys": [{"kty": "RSA", "kid": "test", "use": "sig", "alg": "RS256", "n": base64url(n), "e": "AQAB"}]}))

    def token(self, header=None, sign=True, **claims):
        now = int(time.time())
        header = {"alg": "RS256", "typ": "JWT", "kid": "test", **(header or {})}
        claims = {"iss": "jumun", "aud": "jumun", "sub": str(uuid.uuid4()), "roles": ["customer"], "iat": now, "exp": now + 600, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        text = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(claims).encode())}"
        return f"{text}.{base64url(self.signature(text.encode())) if sign else ''}"

    def signature(self, text):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text, check=True, capture_output=True).stdout
