import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import java.text.ParseException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.InMemoryOAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.OAuth2AuthorizeRequest;
import org.springframework.security.oauth2.client.endpoint.JwtBearerGrantRequest;
import org.springframework.security.oauth2.client.endpoint.NimbusJwtClientAuthenticationParametersConverter;
import org.springframework.security.oauth2.client.endpoint.OAuth2ClientCredentialsGrantRequest;
import org.springframework.security.oauth2.client.endpoint.OAuth2RefreshTokenGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientClientCredentialsTokenResponseClient;
import org.springframework.security.oauth2.client.endpoint.RestClientJwtBearerTokenResponseClient;
import org.springframework.security.oauth2.client.endpoint.RestClientRefreshTokenTokenResponseClient;
import org.springframework.security.oauth2.client.endpoint.RestClientTokenExchangeTokenResponseClient;
import org.springframework.security.oauth2.client.endpoint.TokenExchangeGrantRequest;
import org.springframework.security.oauth2.client.oidc.authentication.OidcIdTokenDecoderFactory;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrations;
import org.springframework.security.oauth2.client.registration.InMemoryClientRegistrationRepository;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.endpoint.OAuth2AccessTokenResponse;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwsHeader;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtDecoders;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.authentication.DPoPAuthenticationProvider;
import org.springframework.security.oauth2.server.resource.authentication.DPoPAuthenticationToken;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationProvider;
import org.springframework.security.oauth2.server.resource.authentication.OpaqueTokenAuthenticationProvider;
import org.springframework.security.oauth2.server.resource.introspection.SpringOpaqueTokenIntrospector;

/** Spring Security as a client and as a resource server, without a web server. Prints a line for each thing that is proven. */
final class Main {
  private static final String ISSUER = System.getenv("INTEROP_ISSUER");
  private static final String SECRET = System.getenv("INTEROP_SECRET");

  private static final JWK KEY = parseKey();

  public static void main(String[] args) {
    ClientRegistrations.fromOidcIssuerLocation(ISSUER + "/es256");
    var billing = registration("billing", "orders.read");
    var web = registration("web", "openid", "offline_access", "orders.read");
    System.out.println("discovery");

    var own = authorize(billing);
    System.out.println("client_credentials");

    for (var id : List.of("signer", "oldSigner")) {
      var signer = ClientRegistration.withClientRegistration(registration(id, "orders.read"))
          .clientAuthenticationMethod(ClientAuthenticationMethod.PRIVATE_KEY_JWT)
          .build();
      check(!proveByKey(signer).getAccessToken().getTokenValue().isEmpty(), "no token");
    }
    System.out.println("private_key_jwt");

    var app = ClientRegistration.withClientRegistration(registration("app", "orders.read"))
        .authorizationGrantType(AuthorizationGrantType.JWT_BEARER)
        .build();
    var forAlice = new RestClientJwtBearerTokenResponseClient()
        .getTokenResponse(new JwtBearerGrantRequest(app, assertion()));
    var subject = JwtDecoders.fromIssuerLocation(ISSUER).decode(forAlice.getAccessToken().getTokenValue()).getSubject();
    check(subject.equals("staff.alice"), "another subject");
    System.out.println("jwt-bearer (RFC 7523)");

    var jwt = new JwtAuthenticationProvider(decoder("orders", "billing"));
    check(bearer(jwt, own).getName().equals("billing"), "another subject");
    check(hasAuthority(bearer(jwt, own), "SCOPE_orders.read"), "the scope is no authority");
    refused(() -> bearer(new JwtAuthenticationProvider(decoder("invoices", "billing")), own));
    System.out.println("resource server with a JwtDecoder (RFC 9068)");

    var mint = new RestClientClientCredentialsTokenResponseClient();
    mint.setParametersCustomizer(parameters -> {
      parameters.set("grant_type", "arbitrary_identity");
      parameters.set("subject", "alice");
      parameters.set("arbitrary_claims", "{}");
    });
    var minted = mint.getTokenResponse(new OAuth2ClientCredentialsGrantRequest(web));
    var idToken = (String) minted.getAdditionalParameters().get("id_token");
    var idTokens = new OidcIdTokenDecoderFactory().createDecoder(web);
    check(idTokens.decode(idToken).getSubject().equals("alice"), "another subject");
    refused(() -> bearer(jwt, idToken));
    System.out.println("id_token");

    var refreshed = new RestClientRefreshTokenTokenResponseClient().getTokenResponse(
        new OAuth2RefreshTokenGrantRequest(web, minted.getAccessToken(), minted.getRefreshToken()));
    check(!refreshed.getRefreshToken().getTokenValue().equals(minted.getRefreshToken().getTokenValue()), "no rotation");
    System.out.println("refresh");

    var gateway = ClientRegistration.withClientRegistration(registration("gateway", "orders.read"))
        .authorizationGrantType(AuthorizationGrantType.TOKEN_EXCHANGE)
        .build();
    var exchange = new RestClientTokenExchangeTokenResponseClient();
    exchange.setParametersCustomizer(parameters -> parameters.set("audience", "shipping"));
    var exchanged = exchange.getTokenResponse(
        new TokenExchangeGrantRequest(gateway, refreshed.getAccessToken(), null));
    var shipping = new JwtAuthenticationProvider(decoder("shipping", "gateway"));
    check(bearer(shipping, exchanged.getAccessToken().getTokenValue()).getName().equals("alice"), "another subject");
    System.out.println("token exchange (RFC 8693)");

    var phone = ClientRegistration.withClientRegistration(registration("phone", "orders.read"))
        .clientAuthenticationMethod(ClientAuthenticationMethod.NONE)
        .build();
    mint.addHeadersConverter(request -> {
      var headers = new HttpHeaders();
      headers.set("DPoP", prove("POST", request.getClientRegistration().getProviderDetails().getTokenUri(), null));
      return headers;
    });
    var bound = mint.getTokenResponse(new OAuth2ClientCredentialsGrantRequest(phone)).getAccessToken().getTokenValue();
    var owners = new JwtAuthenticationProvider(decoder("orders", "phone"));
    var byProof = new DPoPAuthenticationProvider(owners::authenticate);
    var uri = "https://orders.example/orders";
    var shown = new DPoPAuthenticationToken(bound, prove("GET", uri, bound), "GET", uri);
    check(byProof.authenticate(shown).getName().equals("alice"), "another subject");
    refused(() -> byProof.authenticate(new DPoPAuthenticationToken(bound, prove("GET", uri, own), "GET", uri)));
    System.out.println("resource server with a DPoPAuthenticationProvider (RFC 9449)");

    var introspected = new OpaqueTokenAuthenticationProvider(
        SpringOpaqueTokenIntrospector.withIntrospectionUri(ISSUER + "/connect/introspect")
            .clientId("orders")
            .clientSecret(SECRET)
            .build());
    var alice = bearer(introspected, refreshed.getAccessToken().getTokenValue());
    check(alice.getName().equals("alice") && hasAuthority(alice, "SCOPE_orders.read"), "another token");
    refused(() -> bearer(introspected, "none"));
    System.out.println("resource server with an OpaqueTokenIntrospector");
  }

  private static JWK parseKey() {
    try {
      return JWK.parse(System.getenv("INTEROP_JWK"));
    } catch (ParseException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ClientRegistration registration(String id, String... scopes) {
    return ClientRegistrations.fromIssuerLocation(ISSUER)
        .registrationId(id)
        .clientId(id)
        .clientSecret(SECRET)
        .scope(scopes)
        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
        .build();
  }

  /** A token for a client itself, as an application has its manager get one. */
  private static String authorize(ClientRegistration client) {
    var clients = new InMemoryClientRegistrationRepository(client);
    var manager = new AuthorizedClientServiceOAuth2AuthorizedClientManager(
        clients, new InMemoryOAuth2AuthorizedClientService(clients));
    var id = client.getRegistrationId();
    var request = OAuth2AuthorizeRequest.withClientRegistrationId(id).principal("nobody").build();
    return manager.authorize(request).getAccessToken().getTokenValue();
  }

  /** Spring's audience is the token endpoint; `signer` has the issuer. */
  private static OAuth2AccessTokenResponse proveByKey(ClientRegistration client) {
    var proof = new NimbusJwtClientAuthenticationParametersConverter<OAuth2ClientCredentialsGrantRequest>(each -> KEY);
    if (client.getClientId().equals("signer"))
      proof.setJwtClientAssertionCustomizer(assertion -> assertion.getClaims().audience(List.of(ISSUER)));
    var tokens = new RestClientClientCredentialsTokenResponseClient();
    tokens.addParametersConverter(proof);
    return tokens.getTokenResponse(new OAuth2ClientCredentialsGrantRequest(client));
  }

  /** What the authority would say of its user. */
  private static Jwt assertion() {
    var encoder = new NimbusJwtEncoder(new ImmutableJWKSet<>(new JWKSet(KEY)));
    var now = Instant.now();
    var claims = JwtClaimsSet.builder()
        .issuer(System.getenv("INTEROP_AUTHORITY"))
        .subject("alice")
        .audience(List.of(ISSUER))
        .id(UUID.randomUUID().toString())
        .issuedAt(now)
        .expiresAt(now.plusSeconds(300))
        .build();
    return encoder.encode(JwtEncoderParameters.from(JwsHeader.with(SignatureAlgorithm.ES256).build(), claims));
  }

  /** A proof of the key, for a token if there is one (RFC 9449 section 4.2). */
  private static String prove(String method, String uri, String token) {
    var header = JwsHeader.with(SignatureAlgorithm.ES256).type("dpop+jwt").jwk(KEY.toPublicJWK().toJSONObject()).build();
    var claims = JwtClaimsSet.builder()
        .id(UUID.randomUUID().toString())
        .issuedAt(Instant.now())
        .claim("htm", method)
        .claim("htu", uri);
    if (token != null) claims.claim("ath", hash(token));
    var encoder = new NimbusJwtEncoder(new ImmutableJWKSet<>(new JWKSet(KEY)));
    return encoder.encode(JwtEncoderParameters.from(header, claims.build())).getTokenValue();
  }

  private static String hash(String token) {
    try {
      var digest = MessageDigest.getInstance("SHA-256").digest(token.getBytes());
      return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static NimbusJwtDecoder decoder(String audience, String client) {
    var decoder = NimbusJwtDecoder.withIssuerLocation(ISSUER).validateType(false).build();
    decoder.setJwtValidator(
        JwtValidators.createAtJwtValidator().issuer(ISSUER).audience(audience).clientId(client).build());
    return decoder;
  }

  private static Authentication bearer(AuthenticationProvider provider, String token) {
    return provider.authenticate(new BearerTokenAuthenticationToken(token));
  }

  private static boolean hasAuthority(Authentication authentication, String name) {
    return authentication.getAuthorities().stream().anyMatch(each -> name.equals(each.getAuthority()));
  }

  private static void refused(Runnable attempt) {
    try {
      attempt.run();
    } catch (AuthenticationException refusal) {
      return;
    }
    throw new IllegalStateException("it was accepted");
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) throw new IllegalStateException(otherwise);
  }
}
