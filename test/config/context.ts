import { createHash } from "node:crypto";
import { type ConfigContext, loadConfig } from "../../src/config/load.ts";
import { formatSha256 } from "../../src/registry/secret.ts";
import { ConfigError } from "../../src/schema/problems.ts";
import type { Variables } from "../../src/schema/variables.ts";
import { keyText } from "../support/key-encryption-key.ts";

/** The grant types of the context in these tests. */
export const GRANT_TYPES = [
  "arbitrary_token",
  "arbitrary_no_subject",
  "arbitrary_resource_owner",
  "arbitrary_oidc_resource_owner",
  "arbitrary_identity",
  "client_credentials",
  "urn:ietf:params:oauth:grant-type:token-exchange",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
];

/** A key-encryption key. */
export const KEY = keyText();

/** A secret as a variable may hold it. */
export const PLAIN_SECRET = "correct-horse-battery";

/** Its hash, as an entry of `secrets`. */
export const SECRET = formatSha256(createHash("sha256").update(PLAIN_SECRET).digest());

/** A context without files and variables. */
export function context(parts: Partial<ConfigContext> = {}): ConfigContext {
  return { env: {}, readFile: fakeFiles({}), cwd: "/srv", grantTypes: GRANT_TYPES, ...parts };
}

/** A context whose configuration file has this text. */
export function fileWorld(
  yaml: string,
  env: Variables = {},
  files: Readonly<Record<string, string>> = {},
): ConfigContext {
  return context({
    path: "mint.yaml",
    env: { MINTMARK_KEY_ENCRYPTION_KEY: KEY, ...env },
    readFile: fakeFiles({ "/srv/mint.yaml": yaml, ...files }),
  });
}

/** A configuration file with one tenant, `acme`, and in it one client, `web`, which have these keys too. */
export function yamlOf(client: object = {}, tenant: object = {}, top: object = {}): string {
  const web = { secrets: [SECRET], ...client };
  return JSON.stringify({ ...top, tenants: { acme: { clients: { web }, ...tenant } } });
}

/** What is wrong, one line each. */
export function problemsOf(given: ConfigContext): readonly string[] {
  try {
    loadConfig(given);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Files by path. */
export function fakeFiles(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return text;
  };
}
