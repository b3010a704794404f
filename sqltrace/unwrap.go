// SPDX-License-Identifier: Apache-2.0

package sqltrace

import "errors"

// walk calls see with each error of a tree, as errors.As would, until it
// returns false.
func walk(err error, left *int, see func(error) bool) bool {
	for err != nil && *left > 0 {
		*left--
		if !see(err) {
			return false
		}
		all, next := unwrap(err)
		for _, err := range all {
			if !walk(err, left, see) {
				return false
			}
		}
		err = next
	}
	return true
}

// unwrap returns what an error wraps. A nil pointer wraps nothing.
func unwrap(err error) (all []error, one error) {
	defer func() {
		if recover() != nil {
			all, one = nil, nil
		}
	}()
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		return nil, err.Unwrap()
	case interface{ Unwrap() []error }:
		return err.Unwrap(), nil
	}
	return nil, nil
}

// is is errors.Is for the errors of drivers, whose methods may panic.
func is(err, target error) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return errors.Is(err, target)
}

// textOf returns what the error of a driver says.
func textOf(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = errorTypeOther
		}
	}()
	return err.Error()
}
