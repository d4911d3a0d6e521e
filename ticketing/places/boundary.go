package places

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// Boundary is the land of one unit. Its JSON is an object with the code and a
// GeoJSON MultiPolygon (RFC 7946, section 3.1.7: longitude before latitude).
type Boundary struct {
	Code     string
	Geometry orb.MultiPolygon
}

// geometry is a GeoJSON geometry. It is decoded here rather than by orb/geojson,
// which fills missing numbers with zero and brings in a database driver.
type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

type boundaryJSON struct {
	Code     string   `json:"code"`
	Geometry geometry `json:"geometry"`
}

var (
	_ json.Marshaler   = Boundary{}
	_ json.Unmarshaler = (*Boundary)(nil)
)

// MarshalJSON writes the boundary as one record.
func (b Boundary) MarshalJSON() ([]byte, error) {
	lines, err := json.Marshal(b.Geometry)
	if err != nil {
		return nil, fmt.Errorf("boundary %q: %w", b.Code, err)
	}
	return json.Marshal(boundaryJSON{b.Code, geometry{"MultiPolygon", lines}})
}

// UnmarshalJSON reads one record and refuses what is not a closed line on the globe.
func (b *Boundary) UnmarshalJSON(data []byte) error {
	var in boundaryJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	shape, err := in.Geometry.multiPolygon()
	if err != nil {
		return fmt.Errorf("boundary %q: %w", in.Code, err)
	}
	b.Code, b.Geometry = in.Code, shape
	return nil
}

func (g geometry) multiPolygon() (orb.MultiPolygon, error) {
	var polygons [][][][]float64
	switch g.Type {
	case "Polygon":
		polygons = make([][][][]float64, 1)
		if err := json.Unmarshal(g.Coordinates, &polygons[0]); err != nil {
			return nil, err
		}
	case "MultiPolygon":
		if err := json.Unmarshal(g.Coordinates, &polygons); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("geometry %q is neither Polygon nor MultiPolygon", g.Type)
	}
	shape := make(orb.MultiPolygon, len(polygons))
	for i, rings := range polygons {
		shape[i] = make(orb.Polygon, len(rings))
		for j, points := range rings {
			ring := make(orb.Ring, len(points))
			for k, p := range points {
				if len(p) < 2 {
					return nil, fmt.Errorf("a position with %d numbers", len(p))
				}
				ring[k] = orb.Point{p[0], p[1]}
			}
			shape[i][j] = ring
		}
	}
	return shape, checkShape(shape)
}

// checkShape refuses what Locate could not answer from.
func checkShape(shape orb.MultiPolygon) error {
	if len(shape) == 0 {
		return errors.New("no polygon")
	}
	for _, polygon := range shape {
		if len(polygon) == 0 {
			return errors.New("a polygon without a ring")
		}
		for _, ring := range polygon {
			if len(ring) < 4 || !ring.Closed() {
				return fmt.Errorf("a ring of %d positions that is not closed or encloses nothing", len(ring))
			}
			for _, p := range ring {
				if !onGlobe(p.Lat(), p.Lon()) {
					return fmt.Errorf("longitude %v, latitude %v is not on the globe", p.Lon(), p.Lat())
				}
			}
		}
	}
	return nil
}

// onGlobe is false for NaN too.
func onGlobe(lat, lng float64) bool { return math.Abs(lat) <= 90 && math.Abs(lng) <= 180 }

// land is a boundary ready to be asked.
type land struct {
	unit  int
	parts []part
	bound orb.Bound
}

// part is one polygon with its box: a commune with forty islands has forty.
type part struct {
	polygon orb.Polygon
	bound   orb.Bound
}

// layOut checks the boundaries and puts them in the order Locate asks them: units
// that still exist first, then the smaller level before the larger, then by code.
func (a *Atlas) layOut(boundaries []Boundary) (lands []land, errs []error) {
	seen := map[string]bool{}
	for _, b := range boundaries {
		i, ok := a.at[b.Code]
		if !ok {
			errs = append(errs, fmt.Errorf("boundary %q: unknown unit", b.Code))
			continue
		}
		if seen[b.Code] {
			errs = append(errs, fmt.Errorf("boundary %q: given twice", b.Code))
			continue
		}
		seen[b.Code] = true
		if err := checkShape(b.Geometry); err != nil {
			errs = append(errs, fmt.Errorf("boundary %q: %w", b.Code, err))
			continue
		}
		l := land{unit: i, bound: b.Geometry.Bound()}
		for _, p := range b.Geometry.Clone() {
			l.parts = append(l.parts, part{p, p.Bound()})
		}
		lands = append(lands, l)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	rank := func(l land) int {
		if a.units[l.unit].To != "" {
			return 1
		}
		return 0
	}
	slices.SortFunc(lands, func(x, y land) int {
		return cmp.Or(
			cmp.Compare(rank(x), rank(y)),
			-cmp.Compare(a.depth(x.unit), a.depth(y.unit)),
			cmp.Compare(a.units[x.unit].Code, a.units[y.unit].Code))
	})
	return lands, nil
}

func (a *Atlas) depth(i int) (n int) {
	// The bound stops a cycle of parents, which is reported elsewhere.
	for ; n < len(a.units) && a.units[i].Parent != ""; n++ {
		var ok bool
		if i, ok = a.at[a.units[i].Parent]; !ok {
			break
		}
	}
	return n
}

// Locate gives the unit whose boundary holds the point (degrees, WGS 84). On the line
// between two units the lower code answers, always the same; a hole belongs to
// whoever fills it. A unit that ended answers only where no present one does.
func (a *Atlas) Locate(lat, lng float64) (Unit, bool) {
	if !onGlobe(lat, lng) {
		return Unit{}, false
	}
	p := orb.Point{lng, lat}
	for _, l := range a.lands {
		if !l.bound.Contains(p) {
			continue
		}
		for _, part := range l.parts {
			if part.bound.Contains(p) && planar.PolygonContains(part.polygon, p) {
				return a.units[l.unit].clone(), true
			}
		}
	}
	return Unit{}, false
}
