import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalAddress, parseClientCert, readClientCertificate } from "../../src/possession/client-certificate.ts";

const folder = join(import.meta.dirname, "../support/tls");
const derOf = (file: string) => new X509Certificate(readFileSync(join(folder, file))).raw;

describe("a client's certificate", () => {
  it("tells its thumbprint, its subject, its names and its dates", () => {
    const certificate = readClientCertificate(derOf("client-cert.pem"));
    const { fingerprint256, validToDate } = new X509Certificate(readFileSync(join(folder, "client-cert.pem")));
    expect(certificate).toEqual({
      thumbprint: Buffer.from(fingerprint256.replaceAll(":", ""), "hex").toString("base64url"),
      subject: 'CN=billing,OU=Über \\"Q\\",O=Acme\\, Inc.,C=DE',
      names: {
        dns: ["billing.example", "other.example"],
        uri: ["spiffe://example.org/ns/pay/sa/billing"],
        ip: ["10.1.2.3", "2001:db8::1"],
        email: ["billing@example.org"],
      },
      notBefore: expect.any(Number),
      notAfter: validToDate.getTime(),
    });
  });

  it("has no name that is part of another", () => {
    expect(readClientCertificate(derOf("tricky-client-cert.pem"))?.names).toEqual({
      dns: ["a.example"],
      uri: ["spiffe://x/y, DNS:evil.example"],
      ip: [],
      email: ["joe@example.org"],
    });
  });

  it("without names has none", () => {
    expect(readClientCertificate(derOf("client-ca.pem"))?.names).toEqual({ dns: [], uri: [], ip: [], email: [] });
  });

  it("is nothing else", () => {
    expect(readClientCertificate(Buffer.from("no certificate"))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array(), (bytes) => readClientCertificate(bytes) === undefined));
  });
});

describe("an address", () => {
  it.each([
    ["10.1.2.3", "10.1.2.3"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["no address", "no address"],
  ])("%s has one form: %s", (address, canonical) => {
    expect(canonicalAddress(address)).toBe(canonical);
  });
});

describe("a proxy's field", () => {
  it("has the certificate", () => {
    const der = derOf("client-cert.pem");
    expect(parseClientCert(`:${der.toString("base64")}:`)).toEqual(Buffer.from(der));
  });

  it.each(["", "::", "abcd", ":abcd", "abcd:", ":ab cd:", ":a:", ":abcd:, :abcd:", ":abcd:;a=b", '"abcd"'])(
    "that is %j is malformed",
    (field) => {
      expect(parseClientCert(field)).toBeUndefined();
    },
  );
});
