package main

import "context"

type DemoCmd struct{}

func (DemoCmd) Run(ctx context.Context, c *Config) error { return nil }
