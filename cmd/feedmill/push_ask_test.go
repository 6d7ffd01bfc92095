package main

import "testing"

// TestSetupInChinese: whoever adds a target with language=zh reads where its address comes from in Chinese.
func TestSetupInChinese(t *testing.T) {
	for _, k := range targets {
		if k.SetupZH == "" || k.SetupZH == k.Setup {
			t.Errorf("%s: %q", k.Name, k.SetupZH)
		}
	}
}
