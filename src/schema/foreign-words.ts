import { didYouMean } from "../base/nearest.ts";

/** The names that other programs use for a key, in lower case and without separators, by the key's name here. */
export const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  publicUrl: ["baseurl", "externalurl", "issueruri", "url"],
  httpAddress: ["address", "bind", "http", "listen", "port"],
  rpcAddress: ["grpc", "grpcaddress", "rpc"],
  store: ["connectionstring", "database", "databaseurl", "db", "dsn", "storage"],
  keyEncryptionKeyFile: ["encryptionkey", "kek", "keyencryptionkey", "masterkey", "systemsecret"],
  logLevel: ["log", "logging", "loglevels", "verbosity"],
  tls: ["https", "ssl"],
  certificate: ["cert", "certchain", "certfile", "certpath", "crt", "tlscert"],
  key: ["keyfile", "keypath", "privatekey", "tlskey"],
  trustedProxies: ["proxies", "proxy", "trustproxy"],
  tenants: ["realms", "tenant"],
  clients: ["client", "staticclients"],
  operators: ["admins", "operator"],
  authorities: ["connectors", "identityproviders", "idps", "providers"],
  resources: ["apiresources", "apis", "apiscopes"],
  secrets: ["clientsecret", "clientsecrets", "secret", "secrethash"],
  requireSecret: ["requireclientsecret"],
  requireRefreshSecret: ["requirerefreshclientsecret"],
  rateLimits: ["ratelimit", "ratelimiter", "ratelimiting", "throttle", "throttling"],
  grants: ["allowedgranttypes", "granttypes"],
  scopes: ["allowedscopes", "scope"],
  allowedAudiences: ["audience", "audiences"],
  allowedIssuers: ["allowedarbitraryissuers", "issuers"],
  namespace: ["clientnamespace", "watermark"],
  accessTokenLifetime: ["accesstokenttl", "accesstokenexpiry", "tokenlifetime", "ttl"],
  idTokenLifetime: ["idtokenttl", "identitytokenlifetime"],
  absoluteRefreshTokenLifetime: ["refreshtokenlifetime", "refreshtokenttl"],
  rotateEvery: ["rotation", "rotationinterval", "rotationperiod"],
  algorithm: ["alg", "signingalgorithm"],
};

/**
 * `; did you mean x?` for an unknown key, by other programs' names or by similar letters; an empty string if neither
 * fits.
 */
export function hintFor(key: string, known: readonly string[]): string {
  const word = key.toLowerCase().replace(/[-_]/g, "");
  const meant = known.find((name) => FOREIGN[name]?.includes(word));
  return meant === undefined ? didYouMean(key, known) : `; did you mean ${meant}?`;
}
