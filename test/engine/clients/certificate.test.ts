import { beforeEach, describe, expect, it } from "vitest";
import type { PresentedCertificate } from "../../../src/possession/client-certificate.ts";
import type { Client } from "../../../src/registry/tenant.ts";
import { type FakeClock, fakeClock } from "../../support/clock.ts";
import { testContext } from "../../support/context.ts";
import { claimsOf } from "../../support/decode.ts";
import { basic } from "../../support/doors.ts";
import { refusalOf } from "../../support/refusal.ts";
import { CLIENT_ID, SECRET, testClient, testTenant } from "../../support/tenant.ts";

const THUMBPRINT = "t".repeat(43);
const REQUEST = { grantType: "arbitrary_no_subject", arbitraryClaims: {} };
const REGISTERED: Partial<Client> = { secrets: [], tlsCertificates: [THUMBPRINT] };

let clock: FakeClock;
beforeEach(() => {
  clock = fakeClock();
});

const certificateWith = (members: Partial<PresentedCertificate> = {}): PresentedCertificate => ({
  thumbprint: THUMBPRINT,
  subject: "CN=billing,O=Example",
  names: { dns: ["billing.example"], uri: ["spiffe://example.org/billing"], ip: ["10.1.2.3"], email: ["a@b.example"] },
  notBefore: clock.now() - 1000,
  notAfter: clock.now() + 1000,
  isVerified: true,
  ...members,
});

async function mint(client: Partial<Client>, certificate: PresentedCertificate | undefined, caller: object = {}) {
  const context = await testContext(testTenant({}, [testClient(client)]), undefined, undefined, clock);
  return context.engine.mint({ clientId: CLIENT_ID, certificate, ...caller }, REQUEST);
}

describe("a client that is known by a name in its certificate", () => {
  const named = (kind: "subject" | "dns" | "uri" | "ip" | "email", value: string): Partial<Client> => ({
    secrets: [],
    tlsClientAuth: { kind, value },
  });

  it.each([
    ["subject", "CN=billing,O=Example"],
    ["dns", "billing.example"],
    ["uri", "spiffe://example.org/billing"],
    ["ip", "10.1.2.3"],
    ["email", "a@b.example"],
  ] as const)("proves who it is by that %s", async (kind, value) => {
    await expect(mint(named(kind, value), certificateWith())).resolves.toBeDefined();
  });

  it.each([
    ["subject", "O=Example,CN=billing"],
    ["subject", "CN=billing"],
    ["dns", "example"],
    ["dns", "*.example"],
    ["dns", "BILLING.example"],
    ["uri", "spiffe://example.org/billing/"],
    ["dns", "spiffe://example.org/billing"],
  ] as const)("is not known by the %s %s", async (kind, value) => {
    expect(await refusalOf(mint(named(kind, value), certificateWith()))).toMatchObject({
      code: "invalid_client",
      message: "The client is unknown, or its certificate is missing or wrong.",
    });
  });

  it("needs one that a trusted authority issued", async () => {
    const refusal = await refusalOf(mint(named("dns", "billing.example"), certificateWith({ isVerified: false })));
    expect(refusal).toMatchObject({ code: "invalid_client" });
  });
});

describe("a client that is known by its certificate", () => {
  it("proves who it is by that one, whoever issued it, and by its id in the header too", async () => {
    const certificate = certificateWith({ isVerified: false });
    await expect(mint(REGISTERED, certificate)).resolves.toBeDefined();
    const caller = { clientId: undefined, authorization: basic(CLIENT_ID, "") };
    await expect(mint(REGISTERED, certificate, caller)).resolves.toBeDefined();
  });

  it.each<[string, () => PresentedCertificate | undefined]>([
    ["none", () => undefined],
    ["another", () => certificateWith({ thumbprint: "u".repeat(43) })],
    ["one that has expired", () => certificateWith({ notAfter: clock.now() - 1 })],
    ["one that is not valid yet", () => certificateWith({ notBefore: clock.now() + 1 })],
  ])("is refused with %s", async (_, certificate) => {
    expect(await refusalOf(mint(REGISTERED, certificate()))).toMatchObject({ code: "invalid_client" });
  });

  it("may be known by the name in another one too", async () => {
    const both = { ...REGISTERED, tlsClientAuth: { kind: "dns", value: "billing.example" } } as const;
    await expect(mint(both, certificateWith({ isVerified: false }))).resolves.toBeDefined();
    const newer = { thumbprint: "u".repeat(43) };
    await expect(mint(both, certificateWith(newer))).resolves.toBeDefined();
    const refusal = await refusalOf(mint(both, certificateWith({ ...newer, isVerified: false })));
    expect(refusal).toMatchObject({ code: "invalid_client" });
  });

  it("is judged by its secret if it sends one", async () => {
    const both = { ...REGISTERED, secrets: testClient().secrets };
    const certificate = certificateWith();
    expect(await refusalOf(mint(both, certificate, { clientSecret: "wrong" }))).toMatchObject({
      code: "invalid_client",
    });
    await expect(
      mint(both, certificateWith({ thumbprint: "u".repeat(43) }), { clientSecret: SECRET }),
    ).resolves.toBeDefined();
  });

  it("has no tokens that are bound to it unless it is to", async () => {
    const { accessToken } = await mint(REGISTERED, certificateWith());
    expect(claimsOf(accessToken)).not.toHaveProperty("cnf");
    const bound = await mint({ ...REGISTERED, certificateBoundTokens: true }, certificateWith());
    expect(claimsOf(bound.accessToken).cnf).toEqual({ "x5t#S256": THUMBPRINT });
  });
});
