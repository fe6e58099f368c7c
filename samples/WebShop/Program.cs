using WebShop;

// dotnet run --project samples/WebShop -- --ConnectionStrings:shop="Host=localhost;Database=shop;Username=shop"
// or with a broker that others use too, which leads to a database that has the tables:
// dotnet run --project samples/WebShop -- --Broker:Address=akka.tcp://broker@localhost:4053 --Broker:User=shop --Broker:Password=...
await using var shop = Shop.Build(args);
await shop.StartAsync();
if (shop.Configuration.GetConnectionString("shop") is { } database)
{
    await using var schema = new Npgsql.NpgsqlConnection(database);
    await schema.OpenAsync();
    await using var tables = new Npgsql.NpgsqlCommand(Shop.Schema, schema);
    await tables.ExecuteNonQueryAsync();
}

await shop.WaitForShutdownAsync();
