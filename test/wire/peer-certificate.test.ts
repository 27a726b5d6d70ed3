import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { peerCertificate } from "../../src/wire/peer-certificate.ts";

const certificateIn = (file: string) =>
  new X509Certificate(readFileSync(join(import.meta.dirname, "../support/tls", file)));
const [own, other] = [certificateIn("client-cert.pem"), certificateIn("tricky-client-cert.pem")];
const thumbprintOf = ({ fingerprint256 }: X509Certificate) =>
  Buffer.from(fingerprint256.replaceAll(":", ""), "hex").toString("base64url");
const fieldOf = ({ raw }: X509Certificate) => ["Client-Cert", `:${raw.toString("base64")}:`];
const socketWith = (certificate?: X509Certificate, authorized = true) => ({
  authorized,
  getPeerX509Certificate: () => certificate,
});

describe("the certificate of a request", () => {
  it.each([true, false])("is its connection's, which is verified or not: %s", (authorized) => {
    expect(peerCertificate(socketWith(own, authorized), [], false)).toMatchObject({
      thumbprint: thumbprintOf(own),
      isVerified: authorized,
    });
  });

  it("is none without TLS, and if the client has shown none", () => {
    for (const socket of [{}, socketWith()]) expect(peerCertificate(socket, [], false)).toBeUndefined();
  });

  it("is the one that a trusted proxy passes on, and never the proxy's own", () => {
    const passedOn = peerCertificate(socketWith(own), fieldOf(other), true);
    expect(passedOn).toMatchObject({ thumbprint: thumbprintOf(other), isVerified: true });
    expect(peerCertificate(socketWith(own), [], true)).toBeUndefined();
  });

  it("is not the one that anybody else writes into the header", () => {
    expect(peerCertificate(socketWith(own), fieldOf(other), false)?.thumbprint).toBe(thumbprintOf(own));
    expect(peerCertificate({}, fieldOf(other), false)).toBeUndefined();
  });

  it.each([
    ["twice", [...fieldOf(own), ...fieldOf(other)]],
    ["malformed", ["client-cert", "MIIB"]],
    ["no certificate", ["client-cert", ":AAAA:"]],
  ])("is none if the proxy's header is %s", (_, fields) => {
    expect(peerCertificate({}, fields, true)).toBeUndefined();
  });
});
