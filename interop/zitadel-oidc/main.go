// zitadel/oidc as a relying party and as a resource server. Prints a line for each thing that is proven.
package main

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"os"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/rs"
	"github.com/zitadel/oidc/v3/pkg/client/tokenexchange"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

var issuer, secret = os.Getenv("INTEROP_ISSUER"), os.Getenv("INTEROP_SECRET")

func main() {
	log.SetFlags(log.Lshortfile)
	ctx := context.Background()

	party := func(id string, scopes ...string) rp.RelyingParty {
		found, err := rp.NewRelyingPartyOIDC(ctx, issuer, id, secret, "", scopes, rp.WithSigningAlgsFromDiscovery())
		must(err)
		return found
	}
	billing, web := party("billing", "orders.read"), party("web", "openid", "offline_access", "orders.read")
	fmt.Println("discovery")

	own, err := rp.ClientCredentials(ctx, billing, nil)
	must(err)
	check(own.Extra("scope") == "orders.read", "another scope")
	fmt.Println("client_credentials")

	minted, err := rp.ClientCredentials(ctx, web, url.Values{
		"grant_type": {"arbitrary_identity"}, "subject": {"alice"}, "arbitrary_claims": {"{}"},
	})
	must(err)
	raw, _ := minted.Extra("id_token").(string)
	claims, err := rp.VerifyTokens[*oidc.IDTokenClaims](ctx, minted.AccessToken, raw, web.IDTokenVerifier())
	must(err)
	check(claims.Subject == "alice", "another subject")
	fmt.Println("id_token")

	refreshed, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, web, minted.RefreshToken, "", "")
	must(err)
	check(refreshed.RefreshToken != minted.RefreshToken, "the refresh token did not rotate")
	fmt.Println("refresh")

	server, err := rs.NewResourceServerClientCredentials(ctx, issuer, "orders", secret)
	must(err)
	introspect := func(token string) *oidc.IntrospectionResponse {
		answer, err := rs.Introspect[*oidc.IntrospectionResponse](ctx, server, token)
		must(err)
		return answer
	}
	answer := introspect(refreshed.AccessToken)
	check(answer.Active && answer.Subject == "alice" && answer.ClientID == "web", "another token")
	fmt.Println("introspection")

	exchanger, err := tokenexchange.NewTokenExchangerClientCredentials(ctx, issuer, "gateway", secret)
	must(err)
	exchanged, err := tokenexchange.ExchangeToken(ctx, exchanger, refreshed.AccessToken, oidc.AccessTokenType,
		"", "", nil, []string{"shipping"}, []string{"orders.read"}, oidc.AccessTokenType)
	must(err)
	check(exchanged.IssuedTokenType == oidc.AccessTokenType && exchanged.Scopes.String() == "orders.read", "another token")
	shipping := rp.NewIDTokenVerifier(issuer, "shipping", rp.NewRemoteKeySet(web.HttpClient(), issuer+"/.well-known/jwks.json"))
	_, err = rp.VerifyIDToken[*oidc.TokenClaims](ctx, exchanged.AccessToken, shipping)
	must(err)
	fmt.Println("token exchange (RFC 8693)")

	must(rp.RevokeToken(ctx, web, refreshed.RefreshToken, "refresh_token"))
	check(!introspect(refreshed.AccessToken).Active, "the token is still active")
	fmt.Println("revocation")
}

func must(err error) {
	if err != nil {
		_ = log.Output(2, err.Error())
		os.Exit(1)
	}
}

func check(holds bool, otherwise string) {
	if !holds {
		_ = log.Output(2, otherwise)
		os.Exit(1)
	}
}
