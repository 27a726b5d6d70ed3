import { expect, it } from "vitest";
import { developmentConfig } from "../../src/config/development.ts";
import { isPublicSecret } from "../../src/registry/public-secret.ts";
import { hashSecret, parseSecret } from "../../src/registry/secret.ts";

it("every secret of the development configuration is public", () => {
  const { operators = {}, tenants } = developmentConfig([]);
  const clients = Object.values(tenants).flatMap(({ clients = {} }) => Object.values(clients));
  const secrets = [...Object.values(operators), ...clients].flatMap(({ secrets = [] }) => secrets);
  const read = secrets.map(parseSecret).filter((secret) => secret !== undefined);
  expect(read.length).toBeGreaterThan(2);
  for (const secret of read) expect(isPublicSecret(secret)).toBe(true);
});

it("no other is", () => expect(isPublicSecret(hashSecret("a secret that nobody knows"))).toBe(false));
