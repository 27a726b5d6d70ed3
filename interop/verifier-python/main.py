"""Has the verifier of docs/verifying.md decide on each token: see ../verifier-javascript/main.mjs."""

import os

import jwt
import verifier

with open(os.environ["INTEROP_CASES"]) as file:
    cases = [line.strip().split("\t") for line in file]
for wanted, name, token in cases:
    try:
        verifier.verify(token)
        verdict = "accepted"
    except jwt.PyJWTError:
        verdict = "refused"
    assert verdict == wanted, f"{name} was {verdict}"
print(f"decides {len(cases)} times as it should")
