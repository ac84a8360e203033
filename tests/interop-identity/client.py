"""py-spiffe with a Workload API: `client.py SOCKET TRUST-DOMAIN`. A line of JSON for each thing, with what went wrong."""

import json
import sys
import threading
import traceback

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from spiffe import JwtSvid, SpiffeId, TrustDomain, WorkloadApiClient

PATIENCE = 20
SOCKET, DOMAIN = sys.argv[1], TrustDomain(sys.argv[2])
ID = SpiffeId(f"spiffe://{DOMAIN.name}/program")
CLIENT = WorkloadApiClient(socket_path=SOCKET, default_timeout=PATIENCE)


def svid():
    svid = CLIENT.fetch_x509_svid()
    assert svid.spiffe_id == ID, svid.spiffe_id
    roots = CLIENT.fetch_x509_bundles().get_bundle_for_trust_domain(DOMAIN).x509_authorities
    signers = [root for root in roots if root.subject == svid.leaf.issuer]
    assert len(signers) == 1, roots
    signers[0].public_key().verify(
        svid.leaf.signature, svid.leaf.tbs_certificate_bytes, ec.ECDSA(svid.leaf.signature_hash_algorithm)
    )
    names = svid.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [str(ID)], names


def bundles():
    context = CLIENT.fetch_x509_context()
    assert context.default_svid.spiffe_id == ID
    bundle = context.x509_bundle_set.get_bundle_for_trust_domain(DOMAIN)
    for root in bundle.x509_authorities:
        assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def tokens():
    made = CLIENT.fetch_jwt_svid({"worker", "other"})
    assert made.spiffe_id == ID
    assert CLIENT.validate_jwt_svid(made.token, "worker").spiffe_id == ID
    bundle = CLIENT.fetch_jwt_bundles().get_bundle_for_trust_domain(DOMAIN)
    assert JwtSvid.parse_and_validate(made.token, bundle, {"other"}).spiffe_id == ID
    head, claims, signature = made.token.split(".")
    turned = signature[::-1] if signature[::-1] != signature else "A" * len(signature)
    for token, audience in [(made.token, "stranger"), (f"{head}.{claims}.{turned}", "worker")]:
        try:
            CLIENT.validate_jwt_svid(token, audience)
        except Exception:
            continue
        raise AssertionError(f"taken for {audience}")


def rotation():
    seen, roots, errors, enough = set(), set(), [], threading.Event()

    def context(context):
        seen.add(context.default_svid.leaf.serial_number)
        bundle = context.x509_bundle_set.get_bundle_for_trust_domain(DOMAIN)
        roots.update(root.serial_number for root in bundle.x509_authorities)
        if len(seen) >= 4 and len(roots) >= 2:
            enough.set()

    stream = CLIENT.stream_x509_contexts(context, errors.append)
    came = enough.wait(PATIENCE)
    stream.cancel()
    assert came and not errors, (len(seen), len(roots), errors)


for what, check in [
    ("X.509-SVID, signed by a root of the bundle", svid),
    ("X.509 context", bundles),
    ("JWT-SVIDs: made, validated by the socket and offline, bad ones refused", tokens),
    ("identities and roots change in a stream", rotation),
]:
    try:
        check()
        print(json.dumps({"what": what, "problems": []}), flush=True)
    except Exception as error:
        traceback.print_exc()
        print(json.dumps({"what": what, "problems": [f"{type(error).__name__}: {error}"]}), flush=True)
CLIENT.close()
