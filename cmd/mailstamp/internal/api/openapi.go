package api

import (
	_ "embed"
	"net/http"
)

// openAPI describes the calls; a test holds it and the code together.
//
//go:embed openapi.json
var openAPI []byte

func (a *api) description(w http.ResponseWriter, _ *http.Request, _ caller) error {
	write(w, http.StatusOK, "application/json", openAPI)
	return nil
}
