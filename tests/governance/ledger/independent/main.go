// Opens notes and checks proofs and tiles with Go's own libraries of its module mirror (golang.org/x/mod,
// sumdb/note and sumdb/tlog), which share no line with the product. Reads one JSON list of questions, writes one
// of answers: an empty text where all of a question holds, and the libraries' complaint where it does not.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // of a tile: C2SP fixes it, the module mirror writes it into each path

type question struct {
	Key   string // the verifier key that was handed out
	Note  string // a checkpoint
	Older string // one that was signed before, for a consistency proof

	Index int64 // of the entry, for an inclusion proof
	Body  []byte
	Proof [][]byte

	Tiles map[string][]byte // by their C2SP path below tile/
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	answers := make([]string, len(questions))
	for at, asked := range questions {
		if err := asked.check(); err != nil {
			answers[at] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}

func (asked question) check() error {
	tree, err := open(asked.Note, asked.Key)
	if err != nil {
		return err
	}
	proof := make([]tlog.Hash, len(asked.Proof))
	for at, step := range asked.Proof {
		if copy(proof[at][:], step) != tlog.HashSize || len(step) != tlog.HashSize {
			return fmt.Errorf("step %d is no hash", at)
		}
	}
	switch {
	case asked.Tiles != nil:
		return asked.readTiles(tree)
	case asked.Older != "":
		older, err := open(asked.Older, asked.Key)
		if err != nil {
			return err
		}
		return tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
	default:
		return tlog.CheckRecord(proof, tree.N, tree.Hash, asked.Index, tlog.RecordHash(asked.Body))
	}
}

// open answers what a checkpoint says once its signature holds. The module mirror's own checkpoints begin with
// another line, so the three lines are read here.
func open(text, key string) (tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("no checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// readTiles computes the root and the entry's proof from tiles, each of which the library checks against the
// signed root before it believes it.
func (asked question) readTiles(tree tlog.Tree) error {
	reader := tlog.TileHashReader(tree, tiles(asked.Tiles))
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the tiles give the root %v", root)
	}
	found, err := tlog.ProveRecord(tree.N, asked.Index, reader)
	if err != nil {
		return err
	}
	if len(found) != len(asked.Proof) {
		return fmt.Errorf("the proof from tiles has %d steps", len(found))
	}
	for at := range found {
		if !bytes.Equal(found[at][:], asked.Proof[at]) {
			return fmt.Errorf("the proof from tiles differs at step %d", at)
		}
	}
	return nil
}

type tiles map[string][]byte

func (stored tiles) Height() int { return height }

func (stored tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for at, tile := range wanted {
		path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
		data, ok := stored[path]
		if !ok {
			return nil, fmt.Errorf("there is no tile %s", path)
		}
		found[at] = data
	}
	return found, nil
}

func (stored tiles) SaveTiles([]tlog.Tile, [][]byte) {}
