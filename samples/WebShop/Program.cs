using WebShop;

// dotnet run --project samples/WebShop -- --ConnectionStrings:shop="Host=localhost;Database=shop;Username=shop"
await using var shop = Shop.Build(args);
await shop.StartAsync();
await using (var schema = new Npgsql.NpgsqlConnection(shop.Configuration.GetConnectionString("shop")))
{
    await schema.OpenAsync();
    await using var tables = new Npgsql.NpgsqlCommand(Shop.Schema, schema);
    await tables.ExecuteNonQueryAsync();
}

await shop.WaitForShutdownAsync();
