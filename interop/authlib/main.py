"""Authlib, as a client and as a resource server. Prints a line for each thing that is proven."""

import json
import os

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # The issuer is on loopback.

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from authlib.oauth2.rfc7523.assertion import sign_jwt_bearer_assertion
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc8414 import get_well_known_url as oauth_url
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from authlib.oidc.discovery import get_well_known_url as openid_url
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

issuer, secret = os.environ["INTEROP_ISSUER"], os.environ["INTEROP_SECRET"]


def refuses(error, call):
    try:
        call()
    except error as refusal:
        return refusal
    raise AssertionError(f"expected {error.__name__}")


for url in [issuer, f"{issuer}/es256"]:
    metadata = AuthorizationServerMetadata(requests.get(oauth_url(url, external=True)).json())
    metadata.validate()
    assert metadata["issuer"] == url
server = OpenIDProviderMetadata(requests.get(openid_url(issuer, external=True)).json())
server.validate()
keys = KeySet.import_key_set(requests.get(server["jwks_uri"]).json())
print("discovery")


def session(client_id, method="client_secret_basic"):
    return OAuth2Session(client_id, secret, token_endpoint_auth_method=method)


billing = session("billing")
token = billing.fetch_token(server["token_endpoint"], grant_type="client_credentials", scope="orders.read")
assert token["scope"] == "orders.read"
session("billing", "client_secret_post").fetch_token(server["token_endpoint"], grant_type="client_credentials")
print("client_credentials")


key = ECKey.import_key(json.loads(os.environ["INTEROP_JWK"]))


class ShortPrivateKeyJWT(PrivateKeyJWT):
    """Signs for a minute. Authlib's own signs for an hour, which is longer than mintmark accepts."""

    def sign(self, auth, token_endpoint):
        return private_key_jwt_sign(key, auth.client_id, self.token_endpoint, alg="ES256", expires_in=60)


for client_id, audience in [("signer", issuer), ("oldSigner", server["token_endpoint"])]:
    signer = session(client_id, "private_key_jwt")
    signer.register_client_auth_method(ShortPrivateKeyJWT(audience))
    signer.fetch_token(server["token_endpoint"], grant_type="client_credentials")
print("private_key_jwt")


assertion = sign_jwt_bearer_assertion(
    key, os.environ["INTEROP_AUTHORITY"], issuer, subject="alice", header={"kid": "2026"}, alg="ES256"
)
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
for_alice = session("app").fetch_token(server["token_endpoint"], grant_type=JWT_BEARER, assertion=assertion)
assert jwt.decode(for_alice["access_token"], keys).claims["sub"] == "staff.alice"
print("jwt-bearer (RFC 7523)")


class ResourceServer(JWTBearerTokenValidator):
    def get_jwks(self):
        return keys


def accept(validator, text, scope):
    claims = validator.authenticate_token(text)
    validator.validate_token(claims, [scope], None)
    return claims


resource_server = ResourceServer(issuer, "orders")
assert accept(resource_server, token["access_token"], "orders.read")["sub"] == "billing"
refuses(InsufficientScopeError, lambda: accept(resource_server, token["access_token"], "orders.write"))
refuses(InvalidTokenError, lambda: accept(ResourceServer(issuer, "invoices"), token["access_token"], "orders.read"))
print("JWTBearerTokenValidator (RFC 9068)")

web = session("web")
minted = web.fetch_token(
    server["token_endpoint"],
    grant_type="arbitrary_identity",
    subject="alice",
    arbitrary_claims="{}",
    scope="openid offline_access orders.read",
)
id_token = jwt.decode(minted["id_token"], keys)
claims = CodeIDToken(
    id_token.claims,
    id_token.header,
    options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": "web"}},
    params={"client_id": "web", "access_token": minted["access_token"]},
)
claims.validate()
assert claims["sub"] == "alice"
refuses(InvalidTokenError, lambda: accept(resource_server, minted["id_token"], "orders.read"))
print("id_token")

refreshed = web.refresh_token(server["token_endpoint"], minted["refresh_token"])
assert refreshed["refresh_token"] != minted["refresh_token"]
print("refresh")


class Introspecting(IntrospectTokenValidator):
    def introspect_token(self, token_string):
        return session("orders").introspect_token(server["introspection_endpoint"], token_string).json()


assert accept(Introspecting(), refreshed["access_token"], "orders.read")["sub"] == "alice"
print("introspection")

TYPE = "urn:ietf:params:oauth:token-type:"


def exchange(requested, **parameters):
    answer = session("gateway").fetch_token(
        server["token_endpoint"],
        grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token=refreshed["access_token"],
        subject_token_type=f"{TYPE}access_token",
        requested_token_type=f"{TYPE}{requested}",
        **parameters,
    )
    assert answer["issued_token_type"] == f"{TYPE}{requested}"
    return answer


exchanged = exchange("access_token", audience="shipping")
assert accept(ResourceServer(issuer, "shipping"), exchanged["access_token"], "orders.read")["sub"] == "alice"
print("token exchange (RFC 8693)")

details = {"order": "1138"}
transaction = exchange("txn_token", audience="shop.example", scope="orders.read", request_details=json.dumps(details))
told = jwt.decode(transaction["access_token"], keys)
assert told.header["typ"] == "txntoken+jwt"
assert told.claims["aud"] == "shop.example" and told.claims["req_wl"] == "gateway" and told.claims["tctx"] == details
refuses(InvalidTokenError, lambda: accept(ResourceServer(issuer, "shop.example"), transaction["access_token"], "orders.read"))
print("transaction token")

web.revoke_token(server["revocation_endpoint"], refreshed["refresh_token"]).raise_for_status()
refuses(InvalidTokenError, lambda: accept(Introspecting(), refreshed["access_token"], "orders.read"))
print("revocation")

refusal = refuses(OAuthError, lambda: web.refresh_token(server["token_endpoint"], refreshed["refresh_token"]))
assert refusal.error == "invalid_grant"
print("refusals")
