// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/waymark-otel/waymark/sqltrace"
)

type product struct {
	ID    uint `gorm:"primaryKey"`
	Code  string
	Price int
}

// TestGORMRecipe is the recipe of docs/sql.md: GORM over a pool that is
// observed.
func TestGORMRecipe(t *testing.T) {
	usesModule(t, "gorm.io/gorm")
	port := startPostgres(t)
	recorder, tp := recorded(t)
	db, err := sqltrace.Open("pgx", "postgres://bob@127.0.0.1:"+port+"/shop?sslmode=disable", sqltrace.WithTracerProvider(tp), sqltrace.WithParentOnly())
	require.NoError(t, err)
	defer db.Close()

	orm, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: db}), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	require.NoError(t, orm.AutoMigrate(&product{}))
	require.Empty(t, recorder.Ended(), "nothing without a span in the context")

	ctx, root := tp.Tracer("test").Start(t.Context(), "request")
	orm = orm.WithContext(ctx)
	require.NoError(t, orm.Create(&product{Code: literal, Price: 100}).Error)
	var found product
	require.NoError(t, orm.Where("code = ?", literal).First(&found).Error)
	assert.Equal(t, product{ID: 1, Code: literal, Price: 100}, found)
	require.NoError(t, orm.Transaction(func(tx *gorm.DB) error {
		return tx.Model(&found).Update("price", 200).Error
	}))
	refused := errors.New("no")
	require.ErrorIs(t, orm.Transaction(func(tx *gorm.DB) error {
		require.NoError(t, tx.Delete(&found).Error)
		return refused
	}), refused)
	var all []product
	require.NoError(t, orm.Find(&all).Error)
	assert.Equal(t, []product{{ID: 1, Code: literal, Price: 200}}, all)
	assert.ErrorIs(t, orm.First(&product{}, 99).Error, gorm.ErrRecordNotFound)
	root.End()

	var names []string
	for _, span := range recorder.Ended() {
		names = append(names, span.Name())
		assert.Equal(t, root.SpanContext().TraceID(), span.SpanContext().TraceID())
		assert.Equal(t, "Unset", span.Status().Code.String(), span.Name())
		for _, kv := range span.Attributes() {
			assert.NotContains(t, kv.Value.String(), literal)
		}
	}
	assert.Equal(t, []string{
		"BEGIN shop", `INSERT "products"`, "COMMIT shop",
		`SELECT "products"`,
		"BEGIN shop", `UPDATE "products"`, "COMMIT shop",
		"BEGIN shop", `DELETE "products"`, "ROLLBACK shop",
		`SELECT "products"`, `SELECT "products"`,
		"request",
	}, names)
}
