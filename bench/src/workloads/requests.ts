import { anyOf, formPost } from "../load/form.ts";
import { ES256 } from "../services/configuration.ts";
import { CREDENTIALS } from "../services/credentials.ts";
import type { Requests } from "./contenders.ts";

/** How many requests are made before and sent again and again, so that making them costs nothing. */
const VARIANTS = 256;

const MINT = {
  grant_type: "arbitrary_resource_owner",
  arbitrary_claims: '{"role":["admin"]}',
  scope: "nitro",
  ...CREDENTIALS,
};

/** A mint's form, for one of some subjects. */
export function mintForm(
  subject: number,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { ...MINT, subject: `user-${subject}`, ...more };
}

/** Mints for many subjects at a tenant. */
export function mints(tenant: string, more: Readonly<Record<string, string>> = {}): Requests {
  const forms = Array.from({ length: VARIANTS }, (_, subject) => mintForm(subject, more));
  const requests = forms.map((form) => formPost(`${tenant}/connect/token`, form));
  return { request: () => anyOf(requests) };
}

/** Mints at any of some tenants. */
export function mintsOfMany(tenants: readonly string[]): Requests {
  const all = tenants.map((tenant) => mints(tenant));
  return { request: (connection) => anyOf(all).request(connection) };
}

/** Where the tenant that signs with ES256 gives tokens. */
export function tokenUrl(port: number): string {
  return `http://127.0.0.1:${port}${ES256}/connect/token`;
}
