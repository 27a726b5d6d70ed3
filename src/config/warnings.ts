import { isLoopback, isWildcard } from "../base/address.ts";
import { formatDuration } from "../base/duration.ts";
import { didYouMean } from "../base/nearest.ts";
import { describeHolder } from "../registry/build-secrets.ts";
import { changesUnderFormEncoding } from "../registry/plain-secret.ts";
import type { ClientFile } from "../registry/schema-client.ts";
import type { OperatorFile } from "../registry/schema-operator.ts";
import { warnOfScopes } from "../registry/scope-owners.ts";
import { isHolder, type ReadSecret, type SecretSource } from "../registry/secret.ts";
import { warnOfSigning } from "../registry/signing-warnings.ts";
import { Problems } from "../schema/problems.ts";
import type { Variables } from "../schema/variables.ts";
import type { Settings } from "./config.ts";
import { DEVELOPMENT_WARNING } from "./development.ts";
import type { ConfigFile } from "./schema.ts";
import { mongoTls } from "./store-url.ts";

/** Retries come within seconds. A longer grace mostly helps a thief of a refresh token. In seconds. */
const LONG_GRACE = 60;

/** What warnings are about. */
interface WarningContext {
  readonly file: ConfigFile;
  readonly settings: Settings;
  readonly publicUrl: string;
  readonly variables: Variables;
  readonly readSecret: ReadSecret;
  /** Whether there is no file: the built-in configuration is as intended. */
  readonly development: boolean;
}

/** One line for each setting that is allowed but likely to be a mistake. */
export function warningsOf(context: WarningContext): readonly string[] {
  const { file, settings, publicUrl, variables, readSecret, development } = context;
  const warnings = new Problems();
  if (development) warnings.add(DEVELOPMENT_WARNING);
  warnOfUrls(publicUrl, file, settings, warnings);
  if (variables.NODE_TLS_REJECT_UNAUTHORIZED === "0") {
    warnings.add("NODE_TLS_REJECT_UNAUTHORIZED is 0, so anyone can pose as an authority or the database: unset it.");
  }
  if (development) return warnings.list();
  for (const [id, operator] of Object.entries(file.operators)) {
    warnOfCredentials(id, operator.secrets, readSecret, warnings.at("operators", id));
    warnOfTenants(operator, file, warnings.at("operators", id, "tenants"));
  }
  for (const [tenant, registration] of Object.entries(file.tenants)) {
    warnOfScopes(registration, warnings.at("tenants", tenant));
    warnOfSigning(registration, warnings.at("tenants", tenant, "signing"));
    for (const [id, client] of Object.entries(registration.clients)) {
      const here = warnings.at("tenants", tenant, "clients", id);
      warnOfCredentials(id, client.secrets, readSecret, here);
      warnOfClient(client, here);
    }
  }
  return warnings.list();
}

function warnOfUrls(publicUrl: string, file: ConfigFile, { store }: Settings, warnings: Problems): void {
  const { hostname, protocol } = new URL(publicUrl);
  if (isWildcard(hostname)) {
    warnings.add(`The public URL ${publicUrl} does not name a machine, so clients cannot use it: set publicUrl.`);
  } else if (protocol === "http:" && !isLoopback(hostname) && !file.insecureHttp) {
    warnings.add(`The public URL ${publicUrl} is plain HTTP, so clients send their secrets in the clear: use https.`);
  }
  if (store === "sqlite::memory:")
    warnings.add("The store is in memory: all keys and grants are lost when the process ends.");
  const tls = mongoTls(store);
  if (tls === "off") {
    warnings.add(
      "The MongoDB store is on another machine and its URL does not ask for TLS, so keys and grants are sent in " +
        "the clear: add tls=true to it.",
    );
  }
  if (tls === "unchecked") {
    warnings.add(
      "The MongoDB store's URL accepts any certificate, so TLS does not protect against anyone in between: name the " +
        "certificate's authority with tlsCAFile instead.",
    );
  }
}

/**
 * Some client libraries form-encode credentials, some do not: only those that encoding does not change work with all.
 */
function warnOfCredentials(
  id: string,
  secrets: readonly SecretSource[],
  readSecret: ReadSecret,
  warnings: Problems,
): void {
  if (changesUnderFormEncoding(id) || id.includes(":")) {
    warnings.add(
      "the id has a +, % or :, which a client must form-encode when it authenticates (RFC 6749 section 2.3.1)",
    );
  }
  for (const [index, secret] of secrets.entries()) {
    if (!isHolder(secret)) continue;
    const plain = readSecret(secret) ?? "";
    const holder = describeHolder(secret);
    const here = warnings.at("secrets", index);
    if (changesUnderFormEncoding(plain)) {
      here.add(
        `${holder} has a + or %, which a client must form-encode when it authenticates ` +
          "(RFC 6749 section 2.3.1): many do not, and are refused",
      );
    }
    if (plain !== plain.trim()) here.add(`${holder} begins or ends with a space, which is part of the secret`);
  }
}

/** One that is not in the file may be registered at run time, but a name that is nearly one of the file is a slip. */
function warnOfTenants({ tenants: own }: OperatorFile, { tenants }: ConfigFile, warnings: Problems): void {
  if (own === "*") return;
  for (const [index, id] of own.entries()) {
    const hint = Object.hasOwn(tenants, id) ? "" : didYouMean(id, Object.keys(tenants));
    if (hint !== "") warnings.at(index).add(`${JSON.stringify(id)} is not a tenant of this file${hint}`);
  }
}

function warnOfClient(client: ClientFile, warnings: Problems): void {
  const { secrets, requireSecret, requireRefreshSecret = requireSecret, refreshGrace } = client;
  if (secrets.length > 0 && !requireRefreshSecret) {
    warnings.at("requireRefreshSecret").add("false, so anyone who has a refresh token can use it without the secret");
  }
  if (refreshGrace > LONG_GRACE) {
    warnings
      .at("refreshGrace")
      .add(
        `${formatDuration(refreshGrace)}, during which a stolen refresh token that was already used gets the owner's next ` +
          `one: retries come within seconds, so ${formatDuration(LONG_GRACE)} is plenty`,
      );
  }
}
