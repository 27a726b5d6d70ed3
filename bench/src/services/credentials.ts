/** The client of all tenants, and of all peers. */
export const CREDENTIALS = { client_id: "client", client_secret: "the-secret-of-the-client" };
