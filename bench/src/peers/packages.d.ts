/** What the peers use of packages that only an installation in bench/ has, so that they are checked without one. */

declare module "jsonwebtoken" {
  import type { KeyObject } from "node:crypto";

  const jsonwebtoken: {
    sign(payload: object, key: KeyObject, options: { algorithm: string; noTimestamp?: boolean }): string;
    verify(token: string, key: KeyObject, options?: object): Record<string, unknown>;
    decode(token: string): Record<string, unknown> | null;
  };
  export default jsonwebtoken;
}

declare module "oidc-provider" {
  import type { RequestListener } from "node:http";

  interface Model {
    save(): Promise<string>;
  }

  interface Grant extends Model {
    addResourceScope(resource: string, scope: string): void;
    addOIDCScope(scope: string): void;
  }

  export default class Provider {
    readonly Client: { find(id: string): Promise<object> };
    readonly Grant: new (
      members: object,
    ) => Grant;
    readonly RefreshToken: new (
      members: object,
    ) => Model;
    constructor(issuer: string, configuration: object);
    callback(): RequestListener;
  }
}

declare module "@node-oauth/oauth2-server" {
  export class Request {
    constructor(members: { headers: object; method: string; query: object; body: object });
  }
  export class Response {
    readonly body: object;
  }
  export default class OAuth2Server {
    static readonly Request: typeof Request;
    static readonly Response: typeof Response;
    constructor(options: { model: object });
    token(request: Request, response: Response): Promise<object>;
  }
}

declare module "@jmondi/oauth2-server" {
  interface Answer {
    readonly status: number;
    readonly body: object;
  }
  interface Request {
    readonly headers: object;
    readonly query: object;
    readonly body: object;
  }
  export class AuthorizationServer {
    constructor(clients: object, tokens: object, scopes: object, jwt: object, options?: object);
    respondToAccessTokenRequest(request: Request): Promise<Answer>;
    introspect(request: Request): Promise<Answer>;
  }
}
