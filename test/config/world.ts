import type { Variables } from "../../src/config/environment.ts";
import { ConfigError } from "../../src/config/faults.ts";
import { type ConfigWorld, loadConfig } from "../../src/config/load.ts";

/** The grant types of the world in these tests. */
export const GRANT_TYPES = [
  "arbitrary_token",
  "arbitrary_no_subject",
  "arbitrary_resource_owner",
  "arbitrary_oidc_resource_owner",
  "arbitrary_identity",
];

/** A key-encryption key of zeros. */
export const KEY = Buffer.alloc(32).toString("base64url");

/** `sha256:` of the secret `secret`. */
export const SECRET = "sha256:K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols";

/** A world without files and variables. */
export function world(parts: Partial<ConfigWorld> = {}): ConfigWorld {
  return { argv: [], env: {}, readFile: fakeFiles({}), cwd: "/srv", grantTypes: GRANT_TYPES, ...parts };
}

/** A world whose configuration file has this text. */
export function fileWorld(
  yaml: string,
  env: Variables = {},
  files: Readonly<Record<string, string>> = {},
): ConfigWorld {
  return world({
    argv: ["--config", "mint.yaml"],
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
export function faultsOf(given: ConfigWorld): readonly string[] {
  try {
    loadConfig(given);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
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
