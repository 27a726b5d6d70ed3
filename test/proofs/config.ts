import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyText } from "../support/key-encryption-key.ts";

/** The clients by id, as a configuration file has them: each may mint for a subject, with a refresh token. */
export type Registrations = Readonly<Record<string, { readonly refreshGrace: number }>>;

/** The secret of these clients. */
const SECRET = "the clients' secret";

/** The operator of these configurations, and its secret. */
export const operator = { id: "operator", secret: "operator's secret" } as const;

/**
 * Writes a configuration with these clients in each of the tenants; returns the variables
 * that name it.
 */
export function writeConfig(
  folder: string,
  registrations: Registrations,
  tenantIds: readonly string[] = ["default"],
): Readonly<Record<string, string>> {
  const registered = {
    secrets: ["env:CLIENT_SECRET"],
    grants: ["arbitrary_resource_owner"],
    allowOfflineAccess: true,
  };
  const clients = Object.fromEntries(
    Object.entries(registrations).map(([id, members]) => [id, { ...registered, ...members }]),
  );
  const file = join(folder, "mintmark.json");
  // The issuer stays, whatever port a start is given.
  const config = {
    publicUrl: "https://mint.example",
    keyPollEvery: "1s",
    operators: { [operator.id]: { secrets: ["env:OPERATOR_SECRET"], tenants: "*" } },
    tenants: Object.fromEntries(tenantIds.map((id) => [id, { signing: { algorithm: "ES256" }, clients }])),
  };
  writeFileSync(file, JSON.stringify(config));
  return {
    MINTMARK_CONFIG: file,
    MINTMARK_KEY_ENCRYPTION_KEY: keyText(7),
    CLIENT_SECRET: SECRET,
    OPERATOR_SECRET: operator.secret,
  };
}

/** A form's credentials of such a client. */
export const caller = (id: string) => ({ client_id: id, client_secret: SECRET });

/** The form of a mint of such a client; with a refresh token unless told otherwise. */
export const mintForm = (id: string, accessTokenType: string, scope = "offline_access") => ({
  ...caller(id),
  grant_type: "arbitrary_resource_owner",
  subject: "someone",
  arbitrary_claims: "{}",
  scope,
  access_token_type: accessTokenType,
});
