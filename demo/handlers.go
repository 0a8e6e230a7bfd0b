package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

func handlers(s *shop) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", s.placeHandler)
	mux.HandleFunc("GET /orders/{id}", s.orderHandler)
	mux.HandleFunc("GET /products", s.productsHandler)
	mux.HandleFunc("GET /reports/top-customers", s.reportHandler)
	return mux
}

func (s *shop) placeHandler(w http.ResponseWriter, r *http.Request) {
	var o Order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id, err := s.place(r.Context(), o)
	answer(w, map[string]int64{"id": id}, err)
}

func (s *shop) orderHandler(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o, err := s.order(r.Context(), id)
	answer(w, o, err)
}

func (s *shop) productsHandler(w http.ResponseWriter, r *http.Request) {
	names, err := s.search(r.Context(), r.FormValue("text"))
	answer(w, names, err)
}

func (s *shop) reportHandler(w http.ResponseWriter, r *http.Request) {
	since, err := strconv.ParseInt(r.FormValue("since_ms"), 10, 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	report, err := s.reports.topCustomersReport(since)
	answer(w, report, err)
}

func answer(w http.ResponseWriter, value any, err error) {
	switch {
	case errors.Is(err, errNoOrder):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(value)
	}
}
