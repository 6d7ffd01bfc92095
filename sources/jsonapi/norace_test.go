//go:build !race

package jsonapi

const raced = false
