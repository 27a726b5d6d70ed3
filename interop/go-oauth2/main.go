// golang.org/x/oauth2 as the client and go-oidc as the resource server: what most Go programs use. Prints a line for each
// thing that is proven.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/url"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var issuer, secret = os.Getenv("INTEROP_ISSUER"), os.Getenv("INTEROP_SECRET")

func main() {
	log.SetFlags(log.Lshortfile)
	ctx := context.Background()

	for _, url := range []string{issuer, issuer + "/es256", issuer + "/eddsa"} {
		_, err := oidc.NewProvider(ctx, url)
		must(err)
	}
	provider, err := oidc.NewProvider(ctx, issuer)
	must(err)
	tokenURL := provider.Endpoint().TokenURL
	fmt.Println("discovery")

	styles := []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams}
	var own *oauth2.Token
	for _, style := range styles {
		billing := clientcredentials.Config{
			ClientID: "billing", ClientSecret: secret, TokenURL: tokenURL, AuthStyle: style, Scopes: []string{"orders.read"},
		}
		own, err = billing.Token(ctx)
		must(err)
	}
	check(own.Extra("scope") == "orders.read" && own.Type() == "Bearer", "the token is not what was asked for")
	fmt.Println("client_credentials")

	// An access token is verified as go-oidc verifies any JWT of an issuer.
	accessTokens := provider.Verifier(&oidc.Config{ClientID: "orders"})
	verified, err := accessTokens.Verify(ctx, own.AccessToken)
	must(err)
	check(verified.Subject == "billing", "another subject")
	_, err = provider.Verifier(&oidc.Config{ClientID: "invoices"}).Verify(ctx, own.AccessToken)
	check(err != nil, "another resource server accepted it")
	fmt.Println("JWKS verification")

	mint := clientcredentials.Config{
		ClientID: "web", ClientSecret: secret, TokenURL: tokenURL, Scopes: []string{"openid", "offline_access", "orders.read"},
		EndpointParams: url.Values{
			"grant_type": {"arbitrary_identity"}, "subject": {"alice"}, "arbitrary_claims": {"{}"},
		},
	}
	minted, err := mint.Token(ctx)
	must(err)
	raw, _ := minted.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: "web"}).Verify(ctx, raw)
	must(err)
	check(idToken.Subject == "alice", "another subject")
	must(idToken.VerifyAccessToken(minted.AccessToken))
	fmt.Println("id_token")

	web := oauth2.Config{ClientID: "web", ClientSecret: secret, Endpoint: provider.Endpoint()}
	refreshed, err := web.TokenSource(ctx, &oauth2.Token{RefreshToken: minted.RefreshToken}).Token()
	must(err)
	check(refreshed.RefreshToken != minted.RefreshToken, "the refresh token did not rotate")
	fmt.Println("refresh")

	var refusal *oauth2.RetrieveError
	_, err = web.TokenSource(ctx, &oauth2.Token{RefreshToken: "none"}).Token()
	check(errors.As(err, &refusal) && refusal.ErrorCode == "invalid_grant", "another refusal")
	wrong := clientcredentials.Config{ClientID: "billing", ClientSecret: "wrong", TokenURL: tokenURL}
	_, err = wrong.Token(ctx)
	check(errors.As(err, &refusal) && refusal.ErrorCode == "invalid_client", "another refusal")
	fmt.Println("refusals")
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
