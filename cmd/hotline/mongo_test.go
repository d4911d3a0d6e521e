package main_test

func stopMongo() {}
