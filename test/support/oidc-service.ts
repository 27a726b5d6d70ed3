import { developmentConfig } from "../../src/config/development.ts";
import { grants } from "../../src/grants/index.ts";
import { goldens } from "../golden/golden.ts";
import { type Changes, startAuthority } from "./authority.ts";
import { startTestService, type TestService } from "./service.ts";

type Tenants = ReturnType<typeof developmentConfig>["tenants"];

/** A service whose authorities are on loopback. */
export interface OidcService extends TestService {
  /** An id_token of `wellknown://google` that says what seed 003's says, but for when it is valid and by whom. */
  idToken(claims?: Changes, header?: Changes): Promise<string>;
  /** A JWT of `wellknown://google` for the tenant at the root, about the user of that id_token. */
  assertion(claims?: Changes, header?: Changes): Promise<string>;
  /** A valid id_token of `wellknown://apple`. */
  deadIdToken(claims?: Changes): Promise<string>;
}

/**
 * Starts a service with the development configuration, but that its `wellknown://google` is a live authority on
 * loopback and its `wellknown://apple` a dead one. `tenants`: more of them, as a configuration file has them.
 */
export async function startOidcService(tenants: Tenants = {}): Promise<OidcService> {
  const [google, apple] = await Promise.all([startAuthority(), startAuthority()]);
  apple.die();
  const issuers: Readonly<Record<string, string>> = {
    "wellknown://google": google.issuer,
    "wellknown://apple": apple.issuer,
  };
  const configured = developmentConfig(grants.map((grant) => grant.grantType));
  for (const tenant of Object.values(configured.tenants)) {
    for (const [name, authority] of Object.entries(tenant.authorities ?? {})) {
      authority.issuer = issuers[name] ?? authority.issuer;
    }
  }

  const service = await startTestService({}, { ...configured, tenants: { ...configured.tenants, ...tenants } });
  const seed = goldens.find(({ idToken }) => idToken !== undefined)?.idToken?.claims;
  const said = { aud: seed?.aud, azp: seed?.azp, sub: seed?.sub, locale: seed?.locale };
  return {
    ...service,
    idToken: (claims = {}, header = {}) => google.idToken({ ...said, ...claims }, header),
    assertion: (claims = {}, header = {}) =>
      google.idToken({ aud: service.publicUrl, sub: seed?.sub, ...claims }, header),
    deadIdToken: (claims = {}) => apple.idToken({ aud: "com.example.app", ...claims }),
    async close() {
      await service.close();
      await Promise.all([google.stop(), apple.stop()]);
    },
  };
}
