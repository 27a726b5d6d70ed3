import { expect, test } from "vitest";
import { changesBetween } from "../../src/config/changes.ts";

const between = (before: object, after: object) => changesBetween(before, after, ["tenants"]);
const NONE = { added: [], removed: [], changed: [] };

test("nothing changes between equal configurations", () => {
  const one = () => ({ acme: { clients: new Map([["web", { scopes: new Set(["a"]), key: new Uint8Array([1]) }]]) } });
  expect(between(one(), one())).toEqual(NONE);
});

test("what one of them lacks is added or removed, and named as a whole", () => {
  const web = { secrets: ["s"] };
  expect(
    between({ acme: { clients: new Map([["web", web]]) }, old: {} }, { acme: { clients: new Map([["app", web]]) } }),
  ).toEqual({ added: ["tenants.acme.clients.app"], removed: ["tenants.acme.clients.web", "tenants.old"], changed: [] });
});

test("a list, a set, bytes and an inner mapping are compared whole, and none is quoted", () => {
  const client = (claims: object, scopes: readonly string[], byte: number) => ({
    acme: { clients: { "the web": { claims, scopes: new Set(scopes), digest: new Uint8Array([byte]), same: ["x"] } } },
  });
  expect(between(client({ role: "hunter2" }, ["a"], 1), client({ role: "swordfish" }, ["b"], 2))).toEqual({
    ...NONE,
    changed: ["claims", "scopes", "digest"].map((name) => `tenants.acme.clients["the web"].${name}`),
  });
});

test("another kind of value is a change", () => {
  expect(between({ acme: { scopes: "*" } }, { acme: { scopes: new Set() } }).changed).toEqual(["tenants.acme.scopes"]);
});

test("of very many places the first hundred are named, and the others counted", () => {
  const { added } = between({}, Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`t${index}`, {}])));
  expect(added).toHaveLength(101);
  expect(added.slice(-2)).toEqual(["tenants.t99", "and 150 more"]);
});
