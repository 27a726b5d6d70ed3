import { expect, it } from "vitest";
import { developmentConfig } from "../../src/config/development.ts";
import { checkPublicKeys, isPublicSecret } from "../../src/registry/public-secret.ts";
import { hashSecret, parseSecret } from "../../src/registry/secret.ts";
import { Problems } from "../../src/schema/problems.ts";

it("every secret of the development configuration is public", () => {
  const { operators = {}, tenants } = developmentConfig([]);
  const clients = Object.values(tenants).flatMap(({ clients = {} }) => Object.values(clients));
  const secrets = [...Object.values(operators), ...clients].flatMap(({ secrets = [] }) => secrets);
  const read = secrets.map(parseSecret).filter((secret) => secret !== undefined);
  expect(read.length).toBeGreaterThan(2);
  for (const secret of read) expect(isPublicSecret(secret)).toBe(true);
});

it("every key of it is, and no other", () => {
  const clients = Object.values(developmentConfig([]).tenants).flatMap(({ clients = {} }) => Object.values(clients));
  const keys = clients.flatMap(({ jwks }) => jwks?.keys ?? []);
  expect(keys).toHaveLength(2);
  const problems = new Problems();
  checkPublicKeys([{ x: "another" }, ...keys], problems);
  expect(problems.list()).toEqual(
    [1, 2].map((index) => expect.stringMatching(`^\\[${index}\\]: expected a key of your own`)),
  );
});

it("no other secret is", () => expect(isPublicSecret(hashSecret("a secret that nobody knows"))).toBe(false));
