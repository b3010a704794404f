// SPDX-License-Identifier: Apache-2.0

package propagators

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.opentelemetry.io/otel/propagation"
)

const (
	hmacKeysVariable     = "WAYMARK_HMAC_KEYS"
	hmacKeysFileVariable = "WAYMARK_HMAC_KEYS_FILE"

	maxKeyFileBytes = 64 << 10
)

// HMACKeysFromEnvironment returns the keys for XTraceInfoConfig.HMACKeys:
// those in WAYMARK_HMAC_KEYS, separated by commas, or those in the file that
// WAYMARK_HMAC_KEYS_FILE names (at most 64 KiB), separated by commas or line
// ends. Spaces around a key are not part of it; empty lines are skipped. The
// first key signs. It returns no keys and no error when neither variable is
// set or both are empty, and an error when both are set, for a file that
// cannot be read or holds no key, and for an empty key between commas.
// Errors hold no key.
func HMACKeysFromEnvironment() ([]string, error) {
	list := strings.TrimSpace(os.Getenv(hmacKeysVariable))
	path := strings.TrimSpace(os.Getenv(hmacKeysFileVariable))
	switch {
	case list != "" && path != "":
		return nil, errors.New("propagators: " + hmacKeysVariable + " and " + hmacKeysFileVariable + " are both set, one is allowed")
	case list != "":
		return splitKeys(hmacKeysVariable, list)
	case path == "":
		return nil, nil
	}
	content, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("propagators: %s: %w", hmacKeysFileVariable, err)
	}
	return splitKeys(hmacKeysFileVariable, content)
}

func readKeyFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes+1))
	if err != nil {
		return "", err
	}
	if len(content) > maxKeyFileBytes {
		return "", fmt.Errorf("%q is larger than %d bytes", path, maxKeyFileBytes)
	}
	return string(content), nil
}

// splitKeys names the variable, never a key, in its errors.
func splitKeys(variable, list string) ([]string, error) {
	var keys []string
	for line := range strings.Lines(list) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		for key := range strings.SplitSeq(line, ",") {
			if key = strings.TrimSpace(key); key == "" {
				return nil, fmt.Errorf("propagators: %s: key %d is empty", variable, len(keys)+1)
			}
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("propagators: %s: no key", variable)
	}
	return keys, nil
}

// xtraceInfoFromEnvironment is what Parse makes of the name xtraceinfo.
func xtraceInfoFromEnvironment() (propagation.TextMapPropagator, error) {
	keys, err := HMACKeysFromEnvironment()
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New(`propagators: "xtraceinfo" needs keys in ` + hmacKeysVariable + " or " + hmacKeysFileVariable)
	}
	x, err := NewXTraceInfo(XTraceInfoConfig{HMACKeys: keys})
	if err != nil {
		return nil, err
	}
	return x, nil
}
