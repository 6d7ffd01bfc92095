//go:build !race

package sitetest_test

const raced = false
