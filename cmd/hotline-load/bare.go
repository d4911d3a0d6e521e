package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing/store/sqlite/bare"
)

// serveBare answers every POST when its body is durable in one table, and does nothing else: what HTTP and the disk
// leave over for a hotline. It is the same program as the load, in a process of its own like the hotline.
func serveBare() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "hotline-bare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	table, err := bare.Open(ctx, dir)
	if err != nil {
		return err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	app.Post("/*", func(c *fiber.Ctx) error {
		if err := table.Put(c.Body()); err != nil {
			return err
		}
		return c.SendStatus(fiber.StatusCreated)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on http://" + l.Addr().String())
	go func() {
		<-ctx.Done()
		_ = app.Shutdown() // Listener returns what went wrong
	}()
	err = app.Listener(l)
	if _, closing := table.Close(); err == nil {
		err = closing
	}
	return err
}

// startBare starts it.
func startBare(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, self, "-bare-server")
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && err != io.EOF {
		return nil, err
	}
	return &server{c, strings.TrimSpace(strings.TrimPrefix(line, "listening on "))}, nil
}

// bareHTTP is the rate of durable POSTs that do nothing else.
func bareHTTP(ctx context.Context, o options) (result, error) {
	s, err := startBare(ctx)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	return post(ctx, s, []string{"none"}, o.connections, o.length/2, 0)
}
