"""joserfc, as a resource server that verifies what is signed with each algorithm. Prints a line for each."""

import json
import os
from base64 import b64encode
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

issuer, secret = os.environ["INTEROP_ISSUER"], os.environ["INTEROP_SECRET"]
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]


def fetch(url, form=None, accept="application/json"):
    headers = {"accept": accept}
    if form:
        headers["authorization"] = "Basic " + b64encode(f"billing:{secret}".encode()).decode()
    with urlopen(Request(url, urlencode(form).encode() if form else None, headers)) as answer:
        assert answer.headers["content-type"].startswith(accept)
        return json.load(answer) if accept == "application/json" else answer.read().decode()


for algorithm in ALGORITHMS:
    tenant = f"{issuer}/{algorithm.lower()}"
    server = fetch(f"{tenant}/.well-known/openid-configuration")
    assert server["id_token_signing_alg_values_supported"] == [algorithm]
    keys = KeySet.import_key_set(fetch(server["jwks_uri"]))
    for key in keys:
        assert not key.is_private and key.kid == key.thumbprint()  # RFC 7638

    text = fetch(server["token_endpoint"], {"grant_type": "client_credentials"})["access_token"]
    token = jwt.decode(text, keys, algorithms=[algorithm])
    assert token.header["typ"] == "at+jwt"
    JWTClaimsRegistry(
        iss={"essential": True, "value": tenant},
        aud={"essential": True, "value": "orders"},
        exp={"essential": True},
        client_id={"essential": True, "value": "billing"},
    ).validate(token.claims)

    SIGNED = "application/token-introspection+jwt"
    answer = jwt.decode(fetch(server["introspection_endpoint"], {"token": text}, SIGNED), keys, algorithms=[algorithm])
    assert answer.header["typ"] == "token-introspection+jwt"  # RFC 9701
    assert answer.claims["aud"] == "billing" and answer.claims["token_introspection"]["active"] is True

    head, payload, signature = text.split(".")
    other = "B" if signature[0] == "A" else "A"
    try:
        jwt.decode(f"{head}.{payload}.{other}{signature[1:]}", keys, algorithms=[algorithm])
        raise AssertionError("a forged signature was accepted")
    except BadSignatureError:
        print(algorithm)
print("signed introspection (RFC 9701)")
