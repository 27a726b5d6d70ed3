// Has the verifier of docs/verifying.md decide on each token: see ../verifier-javascript/main.mjs.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"example.com/verifier-go/verifier"
)

func main() {
	log.SetFlags(0)
	text, err := os.ReadFile(os.Getenv("INTEROP_CASES"))
	if err != nil {
		log.Fatal(err)
	}
	v, err := verifier.New(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, line := range lines {
		wanted, rest, _ := strings.Cut(line, "\t")
		name, token, _ := strings.Cut(rest, "\t")
		verdict := "accepted"
		if _, err := v.Verify(token); err != nil {
			verdict = "refused"
		}
		if verdict != wanted {
			log.Fatalf("%s was %s", name, verdict)
		}
	}
	fmt.Printf("decides %d times as it should\n", len(lines))
}
