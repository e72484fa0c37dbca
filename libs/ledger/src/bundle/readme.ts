import { clauseText } from './regimes.js';

/** Goes into every bundle, so that whoever opens it in ten years needs nothing else to begin. */
export const bundleReadme: string = `This is a writ-bundle/1: records of one tenant's log, with everything needed to check them offline.

Check it:    writ verify <this file> --root <the deployment's root public key>
The key must reach you by another way than this file: a bundle proves only what you bring. The verifier is one file on
Node built-ins; a second one in Python, written apart, is in the same repository.

By hand:
1. trust/keyset.jws is a JWS (EdDSA over Ed25519) by the root key; it names the log, writer-authority and exporter keys.
2. log/checkpoint is a C2SP signed note: origin, size and RFC 6962 root of the log, signed by a log key.
3. log/tile/0/... holds leaf hashes (C2SP tlog-tiles, level 0). With log/range.json (left: compact range before the first
   index; right: aligned subtrees after the last) they lead to the checkpoint's root.
4. log/tile/entries/... holds the leaves: header.payload.proof in base64url, and SHA-256(0x00 || leaf) is the leaf hash. Length
   0 marks a leaf that is absent; gaps.json says why. log/tile/sealed/... holds what is sealed beside them, as ciphertext.
   The proof is a writer's Ed25519 signature (64 bytes), a slot (1) and six hashes. Begin with SHA-256(0x00 || header.payload);
   for each hash, lowest bit of the slot first: 0 puts it behind, 1 before, and SHA-256(0x01 || both) goes on. The signature is
   over "writ-batch/1" LF base64(result) LF. (A proof of 64 bytes is older: a JWS signature over header.payload.)
5. writers/... are the writers' enrolments, signed by the writer authority.
6. In each record w and wseq number a writer's records without gap and prev is the leaf hash of the last one in an earlier batch.
7. k holds commitments: HMAC-SHA-256(salt, "writ/v1" NUL field NUL value). open/<index>.json discloses value and salt.
8. manifest.jws is signed by the exporter and lists every file with its SHA-256. What it says of counts, period, selection
   and clauses is the exporter's word: a verifier counts by itself.
9. A selection (records/..., proofs/...) proves that each record is in the log, and not that none is missing.
10. trust/policy names the witnesses that the deployment asks; which ones you believe is yours to say (--policy).

What serves which clause (T: the clause asks for it, s: supporting, -: not applicable):

${clauseText()}`;
