import { join } from "node:path";

/** The contents of a first configuration. Paths are absolute, so it works from any working directory. */
interface First {
  readonly config: string;
  readonly folder: string;
  readonly keyFile: string;
  readonly publicUrl: string | undefined;
  readonly tenant: string;
  readonly client: string;
  /** The client's secret, as an entry of `secrets`. */
  readonly hash: string;
}

/** A configuration for a first production start, as YAML with comments. */
export function firstConfig({ config, folder, keyFile, publicUrl, tenant, client, hash }: First): string {
  return `# The configuration of mintmark: a first one. \`mintmark config schema\` describes every key. After a change:
#   mintmark config check --config ${oneLine(config)}

# Where clients find the service. The issuers (iss) begin with it, so set it before the first token is minted.
${publicUrl === undefined ? "# publicUrl: https://tokens.example.com" : `publicUrl: ${quoted(publicUrl)}`}

# Where the OAuth2 gateway and gRPC listen: on this machine alone, for a proxy on it that ends TLS. To listen on others'
# networks, set tls, or trustedProxies if a proxy on another machine ends TLS.
httpAddress: 127.0.0.1:7001
rpcAddress: 127.0.0.1:7002
# tls:
#   certificate: /etc/mintmark/tls.crt
#   key: /etc/mintmark/tls.key
# trustedProxies: [10.1.0.0/16]

# Where data is kept: a file for one node. Many nodes share a MongoDB, whose URL MINTMARK_STORE holds.
store: ${quoted(`sqlite:${join(folder, "data", "mintmark.db")}`)}

# The key that signing keys are stored under. Keep a copy of it apart from the store.
keyEncryptionKeyFile: ${quoted(keyFile)}

# Who may rotate keys over the network: nobody yet. \`mintmark client hash-secret --generate\` makes a secret.
# operators:
#   alice:
#     secrets: ["sha256:…"]
#     tenants: "*"

tenants:
  ${quoted(tenant)}:
    # What tokens are for: the name of each service that takes them, and the scopes that it owns.
    # resources:
    #   orders: [orders.read, orders.write]
    clients:
      ${quoted(client)}:
        # The hash of its secret, which was shown once. \`mintmark client hash-secret --generate\` makes another.
        secrets: [${quoted(hash)}]
        # What it may mint, and no more; there are arbitrary_token, arbitrary_oidc_resource_owner and arbitrary_identity, too.
        grants: [arbitrary_resource_owner, arbitrary_no_subject]
        # The scopes that it may ask for.
        # scopes: [orders.read]
        # Whether it gets refresh tokens if it asks for the scope offline_access.
        allowOfflineAccess: true
        # How long its access tokens live. A resource server that verifies offline takes them for as long, revoked or not.
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
