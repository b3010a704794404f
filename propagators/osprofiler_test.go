// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const baseUUID = "4e3e0ec6-2938-40b1-8504-09eb1d4b0dee"

func TestReadOsprofiler(t *testing.T) {
	base := `"base_id": "` + baseUUID + `"`
	for name, tc := range map[string]struct {
		json string
		span string // "" for what is rejected
	}{
		"base alone":              {`{` + base + `}`, "\x85\x04\x09\xeb\x1d\x4b\x0d\xee"},
		"parent first":            {`{"parent_id": "00000000-0000-0000-0000-000000000001", ` + base + `}`, "\x00\x00\x00\x00\x00\x00\x00\x01"},
		"parent null":             {`{` + base + `,"parent_id":null}`, "\x85\x04\x09\xeb\x1d\x4b\x0d\xee"},
		"parent empty":            {`{` + base + `,"parent_id":""}`, "\x85\x04\x09\xeb\x1d\x4b\x0d\xee"},
		"parent twice, then null": {`{` + base + `,"parent_id":"x","parent_id":null}`, "\x85\x04\x09\xeb\x1d\x4b\x0d\xee"},
		"bad base, then good":     {`{"base_id":"x",` + base + `}`, "\x85\x04\x09\xeb\x1d\x4b\x0d\xee"},
		"white space everywhere":  {" \t\r\n{ \"base_id\" : \"" + baseUUID + "\" } \n", "\x85\x04\x09\xeb\x1d\x4b\x0d\xee"},

		"empty":                     {``, ""},
		"empty object":              {`{}`, ""},
		"parent alone":              {`{"parent_id": "` + baseUUID + `"}`, ""},
		"base null":                 {`{"base_id": null}`, ""},
		"base empty":                {`{"base_id": ""}`, ""},
		"good base, then bad":       {`{` + base + `,"base_id":"x"}`, ""},
		"good base, then null":      {`{` + base + `,"base_id":null}`, ""},
		"unknown key":               {`{` + base + `,"hmac_key":"x"}`, ""},
		"unknown key, null":         {`{` + base + `,"x":null}`, ""},
		"empty key":                 {`{` + base + `,"":"x"}`, ""},
		"capital key":               {`{"Base_id": "` + baseUUID + `"}`, ""},
		"key with a space":          {`{"base_id ": "` + baseUUID + `"}`, ""},
		"key with an escape":        {`{"\u0062ase_id": "` + baseUUID + `"}`, ""},
		"value with an escape":      {`{"base_id": "\u0034` + baseUUID[1:] + `"}`, ""},
		"Kelvin sign":               {`{"base_id": "` + baseUUID + `", "parent_\u212Ad": ""}`, ""},
		"number":                    {`{"base_id": 5}`, ""},
		"false as the parent":       {`{` + base + `,"parent_id":false}`, ""},
		"list as the parent":        {`{` + base + `,"parent_id":[]}`, ""},
		"nested object":             {`{` + base + `,"parent_id":{` + base + `}}`, ""},
		"list":                      {`[{` + base + `}]`, ""},
		"string":                    {`"base_id"`, ""},
		"trailing comma":            {`{` + base + `,}`, ""},
		"leading comma":             {`{,` + base + `}`, ""},
		"no comma":                  {`{` + base + ` "parent_id": null}`, ""},
		"no colon":                  {`{"base_id" "` + baseUUID + `"}`, ""},
		"single quotes":             {`{'base_id': '` + baseUUID + `'}`, ""},
		"comment":                   {`{` + base + `/**/}`, ""},
		"second object":             {`{` + base + `} {}`, ""},
		"NUL at the end":            {`{` + base + "}\x00", ""},
		"byte order mark":           {"\ufeff{" + base + "}", ""},
		"form feed as white space":  {"{\f" + base + "}", ""},
		"unterminated":              {`{"base_id": "` + baseUUID, ""},
		"nul instead of null":       {`{` + base + `,"parent_id":nul}`, ""},
		"a string that begins null": {`{"base_id":"null}`, ""},
		"nullx":                     {`{` + base + `,"parent_id":nullx}`, ""},
		"braces in the UUID":        {`{"base_id": "{` + baseUUID + `}"}`, ""},
		"dashes elsewhere":          {`{"base_id": "4e3e-0ec6-2938-40b1-8504-09eb1d4b0dee"}`, ""},
		"31 digits":                 {`{"base_id": "` + strings.ReplaceAll(baseUUID, "-", "")[1:] + `"}`, ""},
		"33 digits":                 {`{"base_id": "0` + strings.ReplaceAll(baseUUID, "-", "") + `"}`, ""},
		"36 digits":                 {`{"base_id": "` + strings.Repeat("0", 36) + `"}`, ""},
		"space in the UUID":         {`{"base_id": " ` + baseUUID + `"}`, ""},
		"a digit that is no digit":  {`{"base_id": "g` + baseUUID[1:] + `"}`, ""},
		"parent is no UUID":         {`{` + base + `,"parent_id":"7"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ids, ok := readOsprofiler([]byte(tc.json))
			_, traceOK := ids.traceID()
			span, spanOK := ids.spanID()
			assert.Equal(t, tc.span != "", ok && traceOK && spanOK)
			if tc.span != "" {
				assert.Equal(t, tc.span, string(span[:]))
			}
		})
	}
}

// FuzzReadOsprofiler: whatever we take is JSON, and encoding/json with exact
// keys reads the same out of it.
func FuzzReadOsprofiler(f *testing.F) {
	for _, seed := range []string{
		`{"base_id": "` + baseUUID + `", "parent_id": "` + baseUUID + `"}`, `{"base_id": "` + baseUUID + `", "parent_id": null}`,
		`{"base_id":"null}`, `{"base_id":"", "base_id" : "x"}`, ` {"parent_id":"\u0034"} `, `{}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ids, ok := readOsprofiler([]byte(text))
		if !ok {
			return
		}
		var want map[string]*string
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("%q is not JSON: %v", text, err)
		}
		for key, got := range map[string][]byte{"base_id": ids.base, "parent_id": ids.parent} {
			if w := want[key]; (w == nil) != (got == nil) || w != nil && *w != string(got) {
				t.Fatalf("%q: %s is %q", text, key, got)
			}
			delete(want, key)
		}
		if len(want) != 0 {
			t.Fatalf("%q has other keys: %v", text, want)
		}
	})
}

func TestAppendOsprofilerSurvives(t *testing.T) {
	for range 1000 {
		var both [24]byte
		for i := range both {
			both[i] = byte(rand.Uint32())
		}
		text := appendOsprofiler(nil, [16]byte(both[:16]), [8]byte(both[16:]))
		require.True(t, json.Valid(text), "%s", text)
		ids, ok := readOsprofiler(text)
		traceID, traceOK := ids.traceID()
		spanID, spanOK := ids.spanID()
		require.True(t, ok && traceOK && spanOK, "%s", text)
		require.Equal(t, both, [24]byte(append(traceID[:], spanID[:]...)), "%s", text)
	}
}
