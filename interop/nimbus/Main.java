import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.*;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.assertions.jwt.JWTAssertionDetails;
import com.nimbusds.oauth2.sdk.auth.*;
import com.nimbusds.oauth2.sdk.dpop.*;
import com.nimbusds.oauth2.sdk.dpop.verifiers.*;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.*;
import com.nimbusds.oauth2.sdk.token.*;
import com.nimbusds.oauth2.sdk.tokenexchange.TokenExchangeGrant;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.claims.AccessTokenHash;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.validators.AccessTokenValidator;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The OAuth 2.0 SDK of Nimbus, as a client and as a resource server. Prints a line for each thing that is proven. */
final class Main {
  private static final String ISSUER = System.getenv("INTEROP_ISSUER");
  private static final Secret SECRET = new Secret(System.getenv("INTEROP_SECRET"));

  private static AuthorizationServerMetadata server;

  public static void main(String[] args) throws Exception {
    for (var url : List.of(ISSUER, ISSUER + "/es256")) {
      check(OIDCProviderMetadata.resolve(new Issuer(url)).getIssuer().getValue().equals(url), "another issuer");
      check(AuthorizationServerMetadata.resolve(new Issuer(url)).getIssuer().getValue().equals(url), "another issuer");
    }
    server = AuthorizationServerMetadata.resolve(new Issuer(ISSUER));
    System.out.println("discovery");

    var own = ask(basic("billing"), new ClientCredentialsGrant(), "orders.read").getTokens().getBearerAccessToken();
    check(own.getScope().equals(new Scope("orders.read")), "another scope");
    ask(new ClientSecretPost(new ClientID("billing"), SECRET), new ClientCredentialsGrant(), "orders.read");
    System.out.println("client_credentials");

    var key = ECKey.parse(System.getenv("INTEROP_JWK"));
    for (var audience : Map.of("signer", URI.create(ISSUER), "oldSigner", server.getTokenEndpointURI()).entrySet()) {
      var client = new PrivateKeyJWT(
          new ClientID(audience.getKey()), audience.getValue(), JWSAlgorithm.ES256, key.toECPrivateKey(), key.getKeyID(), null);
      ask(client, new ClientCredentialsGrant(), "orders.read");
    }
    System.out.println("private_key_jwt");

    var assertion = new SignedJWT(
        new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID()).build(),
        new JWTAssertionDetails(
            new Issuer(System.getenv("INTEROP_AUTHORITY")), new Subject("alice"), new Audience(ISSUER)).toJWTClaimsSet());
    assertion.sign(new ECDSASigner(key));
    var forAlice = ask(basic("app"), new JWTBearerGrant(assertion), "orders.read").getTokens().getAccessToken();
    check(SignedJWT.parse(forAlice.getValue()).getJWTClaimsSet().getSubject().equals("staff.alice"), "another subject");
    System.out.println("jwt-bearer (RFC 7523)");

    check(verify(own.getValue(), "orders").getSubject().equals("billing"), "another subject");
    refused(() -> verify(own.getValue(), "invoices"));
    System.out.println("JWT access tokens (RFC 9068)");

    var minted = ask(basic("web"), new Mint(), null).getTokens().toOIDCTokens();
    var idTokens =
        new IDTokenValidator(new Issuer(ISSUER), new ClientID("web"), JWSAlgorithm.RS256, server.getJWKSetURI().toURL());
    var claims = idTokens.validate(minted.getIDToken(), null);
    check(claims.getSubject().getValue().equals("alice"), "another subject");
    var hash = new AccessTokenHash(claims.getStringClaim("at_hash"));
    AccessTokenValidator.validate(minted.getBearerAccessToken(), JWSAlgorithm.RS256, hash);
    refused(() -> verify(minted.getIDTokenString(), "orders"));
    System.out.println("id_token");

    var refreshed = ask(basic("web"), new RefreshTokenGrant(minted.getRefreshToken()), null).getTokens();
    check(!refreshed.getRefreshToken().equals(minted.getRefreshToken()), "the refresh token did not rotate");
    System.out.println("refresh");

    var active = introspect(refreshed.getAccessToken());
    check(active.isActive() && active.getSubject().getValue().equals("alice"), "another token");
    System.out.println("introspection");

    var sensor = new TokenRequest.Builder(server.getTokenEndpointURI(), basic("sensor"), new ClientCredentialsGrant())
        .scope(new Scope("orders.read"));
    var proofs = new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);
    var withoutNonce = send(sensor.build(), proofs.createDPoPJWT("POST", server.getTokenEndpointURI()));
    var refusal = TokenErrorResponse.parse(withoutNonce).getErrorObject();
    check(refusal.getCode().equals("use_dpop_nonce"), "another refusal");
    var proof = proofs.createDPoPJWT("POST", server.getTokenEndpointURI(), withoutNonce.getDPoPNonce());
    var bound = TokenResponse.parse(send(sensor.build(), proof)).toSuccessResponse().getTokens().getDPoPAccessToken();
    checkProofs(bound, proofs);
    System.out.println("DPoP with a nonce, and a resource server that checks proofs (RFC 9449)");

    var actor = ask(basic("gateway"), new ClientCredentialsGrant(), null).getTokens().getAccessToken();
    var exchange = new TokenExchangeGrant(
        refreshed.getAccessToken(), TokenTypeURI.ACCESS_TOKEN,
        actor, TokenTypeURI.ACCESS_TOKEN,
        TokenTypeURI.ACCESS_TOKEN, Audience.create("shipping"));
    var exchanged = ask(basic("gateway"), exchange, "orders.read").getTokens().getAccessToken();
    check(exchanged.getIssuedTokenType().equals(TokenTypeURI.ACCESS_TOKEN), "another type");
    check(verify(exchanged.getValue(), "shipping").getJSONObjectClaim("act").get("sub").equals("gateway"), "another actor");
    System.out.println("token exchange (RFC 8693)");

    var revocation = new TokenRevocationRequest(
        server.getRevocationEndpointURI(), basic("web"), refreshed.getRefreshToken());
    check(revocation.toHTTPRequest().send().indicatesSuccess(), "it was not revoked");
    check(!introspect(refreshed.getAccessToken()).isActive(), "the token is still active");
    System.out.println("revocation");
  }

  private static ClientSecretBasic basic(String id) {
    return new ClientSecretBasic(new ClientID(id), SECRET);
  }

  /** mintmark's own grant, by which a service mints for a user. */
  private static final class Mint extends AuthorizationGrant {
    Mint() {
      super(new GrantType("arbitrary_identity"));
    }

    @Override
    public Map<String, List<String>> toParameters() {
      return Map.of(
          "grant_type", List.of(getType().getValue()),
          "subject", List.of("alice"),
          "arbitrary_claims", List.of("{}"),
          "scope", List.of("openid offline_access orders.read"));
    }
  }

  private static AccessTokenResponse ask(ClientAuthentication client, AuthorizationGrant grant, String scope)
      throws Exception {
    var request = new TokenRequest.Builder(server.getTokenEndpointURI(), client, grant).scope(Scope.parse(scope)).build();
    var answer = OIDCTokenResponseParser.parse(request.toHTTPRequest().send());
    if (answer instanceof TokenErrorResponse refusal) throw new IllegalStateException(refusal.getErrorObject().getDescription());
    return (AccessTokenResponse) answer;
  }

  private static HTTPResponse send(TokenRequest request, SignedJWT proof) throws Exception {
    var sent = request.toHTTPRequest();
    sent.setDPoP(proof);
    return sent.send();
  }

  /** Whoever has the token needs the key too. */
  private static void checkProofs(DPoPAccessToken token, DPoPProofFactory owner) throws Exception {
    var orders = URI.create("https://orders.example/orders");
    var sensor = new DPoPIssuer(new ClientID("sensor"));
    var confirmation = JWKThumbprintConfirmation.parse(verify(token.getValue(), "orders"));
    var used = new InMemoryDPoPSingleUseChecker(60, 60);
    var verifier = new DPoPProtectedResourceRequestVerifier(Set.of(JWSAlgorithm.ES256), 60, 60, used);
    verifier.verify("GET", orders, sensor, owner.createDPoPJWT("GET", orders, token), token, confirmation);
    var thief = new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);
    var stolen = thief.createDPoPJWT("GET", orders, token);
    refused(() -> verifier.verify("GET", orders, sensor, stolen, token, confirmation));
    used.shutdown();
  }

  private static TokenIntrospectionSuccessResponse introspect(AccessToken token) throws Exception {
    var request = new TokenIntrospectionRequest(server.getIntrospectionEndpointURI(), basic("orders"), token);
    return TokenIntrospectionResponse.parse(request.toHTTPRequest().send()).toSuccessResponse();
  }

  private static JWTClaimsSet verify(String token, String audience) throws Exception {
    var processor = new DefaultJWTProcessor<SecurityContext>();
    var keys = JWKSourceBuilder.create(server.getJWKSetURI().toURL()).build();
    processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(Set.of(JWSAlgorithm.RS256), keys));
    processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
        audience,
        new JWTClaimsSet.Builder().issuer(ISSUER).build(),
        Set.of("exp", "sub", "client_id", "iat", "jti")));
    return processor.process(token, null);
  }

  private interface Attempt {
    void make() throws Exception;
  }

  private static void refused(Attempt attempt) {
    try {
      attempt.make();
    } catch (Exception refusal) {
      return;
    }
    throw new IllegalStateException("it was accepted");
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) throw new IllegalStateException(otherwise);
  }
}
