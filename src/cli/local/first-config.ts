import { join } from "node:path";

/** The contents of a first configuration. Paths are absolute, so it works from any working directory. */
interface First {
  readonly config: string;
  /** The folder of the store. */
  readonly data: string;
  readonly keyFile: string;
  readonly publicUrl: string | undefined;
  readonly tenant: string;
  readonly client: string;
  /** The client's secret, as an entry of `secrets`. */
  readonly hash: string;
}

/** A configuration for a first production start, as YAML with comments. */
export function firstConfig({ config, data, keyFile, publicUrl, tenant, client, hash }: First): string {
  return `# A first configuration of mintmark. \`mintmark config schema\` describes every setting. Check it after a change:
#   mintmark config check --config ${oneLine(config)}

# Where clients reach the service. Issuers (iss) begin with this URL, so set it before the first token is minted.
${publicUrl === undefined ? "# publicUrl: https://tokens.example.com" : `publicUrl: ${quoted(publicUrl)}`}

# Where the OAuth2 gateway and gRPC listen: only on this machine, for a proxy on it that terminates TLS. To listen on other
# addresses, set tls, or trustedProxies if a proxy on another machine terminates TLS.
httpAddress: 127.0.0.1:7001
rpcAddress: 127.0.0.1:7002
# tls:
#   certificate: /etc/mintmark/tls.crt
#   key: /etc/mintmark/tls.key
# trustedProxies: [10.1.0.0/16]

# Where data is stored. A file is for a single node; several nodes share a MongoDB, whose URL goes in MINTMARK_STORE.
store: ${quoted(`sqlite:${join(data, "mintmark.db")}`)}

# The key that encrypts the stored signing keys. Back it up separately from the store.
keyEncryptionKeyFile: ${quoted(keyFile)}

# Who may rotate keys, and register tenants and clients, while the service runs: nobody yet. \`mintmark client hash-secret
# --generate\` generates a secret.
# operators:
#   alice:
#     secrets: ["sha256:…"]
#     roles: [keys, clients, tenants, read]
#     tenants: "*"

tenants:
  ${quoted(tenant)}:
    # The services that accept tokens, each with the scopes that it owns.
    # resources:
    #   orders: [orders.read, orders.write]
    clients:
      ${quoted(client)}:
        # The hash of its secret. \`mintmark client hash-secret --generate\` generates another.
        secrets: [${quoted(hash)}]
        # The grants that it may use. Others are arbitrary_token, arbitrary_oidc_resource_owner, arbitrary_identity and
        # client_credentials.
        grants: [arbitrary_resource_owner, arbitrary_no_subject]
        # The scopes that it may request.
        # scopes: [orders.read]
        # Whether it gets a refresh token if it requests the scope offline_access.
        allowOfflineAccess: true
        # The lifetime of its access tokens. Services that verify tokens offline accept them for that long, even if revoked.
        accessTokenLifetime: 1h
`;
}

/** Quotes a text for YAML, which accepts JSON's quotes. Plain words need none. */
function quoted(text: string): string {
  return /^[a-z][a-z0-9-]*$/.test(text) && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].includes(text)
    ? text
    : JSON.stringify(text);
}

/** Joins lines, as a comment ends with its line. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
