module example.com/go-spiffe

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.9
	github.com/spiffe/go-spiffe/v2 v2.9.0
	golang.org/x/oauth2 v0.38.0
)
