// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include <fmt/format.h>

#include "config/names.hpp"
#include "model/guard.hpp"

namespace weir {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::filesystem::path configs() {
#ifdef WEIR_SOURCE_DIR
    return std::filesystem::path(WEIR_SOURCE_DIR) / "configs";
#else
    return std::filesystem::absolute(__FILE__).parent_path() / "../../configs";
#endif
}

std::string with_vnic(std::string_view entry) {
    return R"({"schema_version": 1, "vnics": [)" + std::string(entry) + "]}";
}

std::string problem(std::string_view text) {
    auto document = parse_document(text, "test.json");
    if (document) return "no problem";
    EXPECT_EQ(document.error().code, Errc::usage);
    return document.error().evidence;
}

std::string vnic_problem(std::string_view entry) { return problem(with_vnic(entry)); }

VnicSpec vnic(std::string_view entry) {
    auto document = parse_document(with_vnic(entry), "test.json");
    EXPECT_TRUE(document) << entry << ": " << (document ? "" : to_line(document.error()));
    return document && !document->vnics.empty() ? document->vnics[0] : VnicSpec{};
}

TEST(Document, ReadsAllKeysAndFillsInDefaults) {
    EXPECT_EQ(vnic(R"({"interface": "vnet3"})"), (VnicSpec{.interface = "vnet3", .tenant = {}}));
    VnicSpec full{.interface = "eth0",
                  .tenant = "net",
                  .role = Role::uplink,
                  .ingress = IngressChoice::xdp,
                  .flows = 64,
                  .capacity_bps = 2'500'000'000};
    EXPECT_EQ(vnic(R"({"capacity": "2.5gbit", "interface": "eth0", "tenant": "net", "role": "uplink",
                       "ingress_hook": "xdp", "flows": 64})"),
              full);
    EXPECT_TRUE(parse_document(R"({"schema_version": 1, "vnics": []})", "x")->vnics.empty());
    EXPECT_TRUE(parse_document(R"({"schema_version": 1.0, "vnics": [], "$schema": "x"})", "x"));
    EXPECT_EQ(vnic(R"({"interface": "a", "flows": 4194304.0})").flows, flows_max);
}

TEST(Document, NamesThePlaceOfWhatIsWrong) {
    EXPECT_EQ(problem("[]"), "the document: expected an object, found an array");
    EXPECT_EQ(problem("{}"), "the document: expected the key \"schema_version\", which is missing");
    EXPECT_EQ(problem(R"({"schema_version": 1})"), "the document: expected the key \"vnics\", which is missing");
    EXPECT_EQ(problem(R"({"schema_version": 2, "vnics": []})"), "/schema_version: expected 1, found 2");
    EXPECT_EQ(problem(R"({"schema_version": "1", "vnics": []})"), "/schema_version: expected 1, found \"1\"");
    EXPECT_EQ(problem(R"({"schema_version": 1, "vnics": {}})"), "/vnics: expected an array, found an object");
    EXPECT_EQ(problem(R"({"schema_version": 1, "vnics": [], "$schema": 1})"), "/$schema: expected a string, found 1");
    EXPECT_EQ(vnic_problem("7"), "/vnics/0: expected an object, found 7");
    EXPECT_EQ(vnic_problem("{}"), "/vnics/0: expected the key \"interface\", which is missing");
    EXPECT_EQ(vnic_problem(R"({"interface": null})"), "/vnics/0/interface: expected a string, found null");
    EXPECT_EQ(vnic_problem(R"({"interface": "a"}, {"interface": "b", "role": "host"})"),
              "/vnics/1/role: expected vnic, uplink or guest, found \"host\"");
    EXPECT_EQ(vnic_problem(R"({"interface": "a", "ingress_hook": true})"),
              "/vnics/0/ingress_hook: expected auto, tc or xdp, found true");
    EXPECT_EQ(
        vnic_problem(R"({"interface": "a"}, {"interface": "b"}, {"interface": "a"})"),
        "/vnics/2/interface: expected an interface that is not in the document yet, found \"a\" of /vnics/0 again");
}

TEST(Document, BoundsFlows) {
    EXPECT_EQ(vnic(R"({"interface": "a", "flows": 64})").flows, 64U);
    for (const char* value : {"63", "0", "-1", "4194305", "64.5", "\"64\"", "18446744073709551616", "1e300", "null"})
        EXPECT_THAT(vnic_problem(std::string(R"({"interface": "a", "flows": )") + value + "}"),
                    HasSubstr("/vnics/0/flows: expected a whole number from 64 to 4194304, found "))
            << value;
}

TEST(Document, TakesACapacityForAnUplinkOnly) {
    EXPECT_EQ(vnic_problem(R"({"interface": "a", "capacity": "1gbit"})"),
              "/vnics/0/capacity: expected only with the role uplink, found with the role vnic");
    auto uplink = [](std::string_view value) {
        return R"({"interface": "a", "role": "uplink", "capacity": )" + std::string(value) + "}";
    };
    EXPECT_EQ(vnic(uplink("\"1.5gbit\"")).capacity_bps, 1'500'000'000U);
    EXPECT_EQ(vnic_problem(uplink("1000")), "/vnics/0/capacity: expected a rate such as \"10gbit\", found 1000");
    EXPECT_EQ(vnic_problem(uplink("\"0bit\"")), "/vnics/0/capacity: expected a rate above 0, found \"0bit\"");
    Error mbps = parse_document(with_vnic(uplink("\"100mbps\"")), "test.json").error();
    EXPECT_EQ(mbps.what, "cannot use test.json");
    EXPECT_EQ(mbps.evidence,
              "/vnics/0/capacity: expected a rate such as \"10gbit\", found \"100mbps\": tc reads 'mbps' "
              "as megabytes per second, and people mean megabits");
    EXPECT_EQ(mbps.hint, "write 100mbit for megabits, 800mbit for megabytes");
}

TEST(Document, TakesAddressesForAVnicOnly) {
    const auto with = [](const std::string& value) { return R"({"interface": "a", "addresses": )" + value + "}"; };
    const std::string place = "/vnics/0/addresses";
    EXPECT_EQ(vnic(with(R"(["10.0.0.2", "fd00::2/64"])")).addresses,
              (std::vector{*guard_prefix_from("10.0.0.2/32"), *guard_prefix_from("fd00::/64")}));
    EXPECT_EQ(vnic_problem(R"({"interface": "a", "role": "guest", "addresses": ["10.0.0.2"]})"),
              place + ": expected only with the role vnic, found with the role guest");
    for (const char* value : {"[]", "\"10.0.0.2\"", "null", "{}"})
        EXPECT_THAT(vnic_problem(with(value)), HasSubstr(place + ": expected an array of 1 to 16 addresses, found "));
    EXPECT_THAT(vnic_problem(with("[7]")), HasSubstr(place + "/0: expected an address such as"));
    EXPECT_EQ(vnic_problem(with(R"(["10.0.0.2", "10.0.0.300"])")),
              place + "/1: expected an address such as \"10.0.0.2\" or \"fd00::/64\", found \"10.0.0.300\": "
                      "not an IPv4 or IPv6 address");
    EXPECT_THAT(vnic_problem(with(R"(["10.0.0.2/33"])")), HasSubstr("is not a prefix length"));
    EXPECT_THAT(vnic_problem(with(R"(["ff02::1"])")), HasSubstr("nobody sends from multicast addresses"));
    EXPECT_THAT(vnic_problem(with(R"(["0.0.0.0"])")), HasSubstr("nobody sends from unspecified addresses"));
    EXPECT_EQ(vnic_problem(with(R"(["10.0.0.2/24", "10.0.0.0/24"])")), place + ": expected each address once");
    std::string many = "[";
    for (int i = 1; i <= 16; i++)
        many += "\"10.0.0." + std::to_string(i) + "\"" + (i < 16 ? ", " : "");
    EXPECT_EQ(vnic(with(many + "]")).addresses.size(), 16U);
    EXPECT_EQ(vnic_problem(with(many + ", \"10.0.0.17\"]")),
              place + ": expected an array of 1 to 16 addresses, found 17");
}

TEST(Document, RefusesUnknownKeysAndNamesTheNearest) {
    auto error = [](std::string_view text) { return parse_document(text, "x").error(); };
    EXPECT_EQ(error(with_vnic(R"({"interface": "a", "tennant": "b"})")).evidence, "/vnics/0/tennant: unknown key");
    EXPECT_EQ(error(with_vnic(R"({"interface": "a", "tennant": "b"})")).hint, "did you mean \"tenant\"?");
    EXPECT_EQ(error(with_vnic(R"({"iface": "a"})")).hint,
              "known keys: interface, tenant, role, ingress_hook, flows, capacity, capacity_rx, addresses");
    EXPECT_EQ(error(with_vnic(R"({"interface": "a", "ingress-hook": "tc"})")).hint, "did you mean \"ingress_hook\"?");
    EXPECT_EQ(error(R"({"schema_version": 1, "vnic": []})").hint, "did you mean \"vnics\"?");
    EXPECT_EQ(error(with_vnic(R"({"interface": "a", "a/b~c\u001b": 1})")).evidence,
              "/vnics/0/a~1b~0c\\u001b: unknown key");
}

TEST(Document, RefusesAKeyThatAppearsTwice) {
    EXPECT_EQ(problem(R"({"schema_version": 1, "vnics": [], "schema_version": 1})"),
              "/schema_version: the key appears twice");
    EXPECT_EQ(vnic_problem(R"({"interface": "a"}, {"interface": "b", "flows": 64, "flows": 64})"),
              "/vnics/1/flows: the key appears twice");
    EXPECT_EQ(problem(R"({"a": {"b": [[], {"c": 1, "d": {}, "c": 2}]}})"), "/a/b/1/c: the key appears twice");
}

TEST(Document, SyntaxErrorsNameLineAndColumn) {
    EXPECT_EQ(problem(""), "it is empty");
    EXPECT_EQ(problem(" \n\t"), "it is empty");
    EXPECT_THAT(problem("{\n  \"schema_version\": 1,\n  \"vnics\": [}\n}"),
                HasSubstr("line 3, column 13: syntax error"));
    EXPECT_THAT(problem("{\"a\": 1,}"), HasSubstr("line 1, column 9: syntax error"));
    EXPECT_THAT(problem("{\"a\": 1} x"), HasSubstr("line 1, column 10: syntax error"));
    EXPECT_THAT(problem("{\"a\":"), HasSubstr("line 1, column "));
    EXPECT_THAT(problem("{\"a\": \"\xff\"}"), HasSubstr("line 1, column 8: "));
    EXPECT_THAT(problem("{\"a\": 1e999}"), HasSubstr("line 1, column "));
    EXPECT_EQ(problem(std::string(100, '[')), "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0: nested "
                                              "more than 32 levels deep");
}

TEST(Names, OfInterfacesAreTheKernels) {
    for (std::string_view good : {"a", "eth0", "fifteen-bytes-x", "vnet.100", "...", "a@b", "é", "%d"})
        EXPECT_EQ(interface_name_problem(good), std::nullopt) << good;
    for (std::string_view bad :
         {"", "sixteen-bytes-xx", ".", "..", "a/b", "a:b", "a b", "a\tb", "a\n", "à" /* c3 a0 */})
        EXPECT_NE(interface_name_problem(bad), std::nullopt) << bad;
    EXPECT_NE(interface_name_problem(std::string_view("a\0b", 3)), std::nullopt);
    EXPECT_EQ(vnic_problem(R"({"interface": "a/b"})"),
              "/vnics/0/interface: expected an interface name without slash, colon or space, found \"a/b\"");
}

TEST(Names, OfTenantsArePrintable) {
    std::string longest(63, 't');
    for (const std::string& good : {std::string("web"), std::string("a/b:c"), std::string("münchen"), longest})
        EXPECT_EQ(tenant_name_problem(good), std::nullopt) << good;
    for (const std::string& bad : {std::string(), longest + "t", std::string("a b"), std::string("a\x1b[31m"),
                                   std::string("a\u202eb"), std::string("a\u200bb"), std::string("\xff")})
        EXPECT_NE(tenant_name_problem(bad), std::nullopt) << bad;
    EXPECT_EQ(vnic_problem(R"({"interface": "a", "tenant": ""})"),
              "/vnics/0/tenant: expected a tenant name of 1 to 63 bytes, found \"\"");
}

std::string limit_problem(std::string_view entry) {
    return problem(R"({"schema_version": 1, "vnics": [], "limits": [)" + std::string(entry) + "]}");
}

TEST(DocumentLimits, AreReadWithDefaults) {
    const auto limits = [](const std::string& entries) {
        auto document = parse_document(R"({"schema_version": 1, "vnics": [], "limits": [)" + entries + "]}", "x");
        EXPECT_TRUE(document) << entries << ": " << (document ? "" : to_line(document.error()));
        return document && document->limits ? *document->limits : std::vector<TenantLimit>{};
    };
    EXPECT_FALSE(parse_document(R"({"schema_version": 1, "vnics": []})", "x")->limits);
    EXPECT_TRUE(limits("").empty());
    const TenantLimit plain{.tenant = "web", .limit = {.tx = {.max_bps = 100'000'000}, .rx = {}}};
    EXPECT_EQ(limits(R"({"tenant": "web", "tx_max": "100mbit"})"), std::vector{plain});
    const TenantLimit full{.tenant = "db",
                           .limit = {.tx = {1'000'000'000, 5, 500'000'000},
                                     .rx = {64'000, 1'000'000'000},
                                     .burst_ns = 1'500'000,
                                     .mode = LimitMode::police,
                                     .overhead_bytes = -64,
                                     .weight = 1000}};
    EXPECT_EQ(limits(R"({"tenant": "web", "tx_max": "100mbit"},
                        {"tenant": "db", "tx_max": "1gbit", "tx_pps": 5, "rx_max": "64kbit", "rx_pps": 1000000000.0,
                         "burst": "1.5ms", "mode": "police", "overhead_bytes": -64,
                         "tx_min": "500mbit", "weight": 1000.0})"),
              (std::vector{plain, full}));
}

TEST(DocumentLimits, NameThePlaceOfWhatIsWrong) {
    EXPECT_EQ(problem(R"({"schema_version": 1, "vnics": [], "limits": {}})"),
              "/limits: expected an array, found an object");
    EXPECT_EQ(limit_problem("1"), "/limits/0: expected an object, found 1");
    EXPECT_EQ(limit_problem(R"({"tx_max": "1mbit"})"), "/limits/0: expected the key \"tenant\", which is missing");
    EXPECT_THAT(limit_problem(R"({"tenant": "web"})"), HasSubstr("/limits/0: expected at least one of the keys"));
    EXPECT_THAT(limit_problem(R"({"tenant": "w b", "tx_max": "1mbit"})"), HasSubstr("/limits/0/tenant: expected"));
    EXPECT_EQ(
        limit_problem(R"({"tenant": "web", "tx_max": "1mbit"}, {"tenant": "web", "rx_max": "1mbit"})"),
        "/limits/1/tenant: expected a tenant whose limits are not in the document yet, found \"web\" of /limits/0 "
        "again");
    const auto value_problem = [](const std::string& key, const std::string& value) {
        return limit_problem(R"({"tenant": "web", "tx_max": "1mbit", ")" + key + "\": " + value + "}");
    };
    EXPECT_THAT(value_problem("rx_max", "\"63999bit\""), HasSubstr("/limits/0/rx_max: expected a rate from 64kbit to"));
    EXPECT_THAT(value_problem("rx_max", "\"400000000001bit\""), HasSubstr("to 400gbit, found"));
    EXPECT_THAT(value_problem("rx_max", "\"0bit\""), HasSubstr("/limits/0/rx_max: expected a rate from"));
    EXPECT_THAT(value_problem("rx_max", "\"10mbps\""), HasSubstr("people mean megabits"));
    EXPECT_THAT(value_problem("rx_max", "10"), HasSubstr("/limits/0/rx_max: expected a rate such as"));
    for (const char* pps : {"0", "-1", "1000000001", "1.5", "\"5\"", "null"})
        EXPECT_THAT(value_problem("tx_pps", pps), HasSubstr("/limits/0/tx_pps: expected packets per second")) << pps;
    for (const char* burst : {"2", "\"2\"", "\"2 ms\"", "\"1001ms\"", "true"})
        EXPECT_THAT(value_problem("burst", burst), HasSubstr("/limits/0/burst: expected a time")) << burst;
    EXPECT_EQ(value_problem("mode", "\"drop\""), "/limits/0/mode: expected shape, mark or police, found \"drop\"");
    for (const char* bytes : {"-65", "257", "1.5", "\"ethernet\"", "18446744073709551615"})
        EXPECT_THAT(value_problem("overhead_bytes", bytes), HasSubstr("/limits/0/overhead_bytes: expected bytes"))
            << bytes;
    EXPECT_THAT(value_problem("tx_min", "1"), HasSubstr("/limits/0/tx_min: expected a rate such as"));
    EXPECT_THAT(value_problem("rx_min", "\"1kbit\""), HasSubstr("/limits/0/rx_min: expected a rate from 64kbit to"));
    for (const char* weight : {"0", "1001", "1.5", "\"5\""})
        EXPECT_THAT(value_problem("weight", weight), HasSubstr("/limits/0/weight: expected a weight")) << weight;
    EXPECT_EQ(value_problem("min", "1"), "/limits/0/min: unknown key");
}

TEST(PrintDocument, IsReadBackToTheSameValues) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 300; round++) {
        Document document;
        for (std::size_t i = random() % 8; i > 0; i--) {
            VnicSpec spec{.interface = "v\"" + std::to_string(i), .tenant = {}};
            if (random() % 2) spec.tenant = "t\\é" + std::to_string(random() % 3);
            spec.role = static_cast<Role>(random() % 3);
            spec.ingress = static_cast<IngressChoice>(random() % 3);
            spec.flows = static_cast<std::uint32_t>(flows_min + random() % (flows_max - flows_min + 1));
            if (spec.role == Role::uplink && random() % 2) spec.capacity_bps = 1 + (random() >> random() % 60);
            for (std::size_t j = spec.role == Role::vnic ? random() % 4 : 0; j > 0; j--)
                spec.addresses.push_back(*guard_prefix_from(
                    random() % 2 ? fmt::format("10.{}.0.0/{}", j, 16 + random() % 17)
                                 : fmt::format("fd0{}:{:x}::/{}", j, random() % 65536, 32 + random() % 97)));
            document.vnics.push_back(spec);
        }
        if (random() % 4) document.limits.emplace();
        for (std::size_t i = random() % 4; document.limits && i > 0; i--) {
            TenantLimit entry{.tenant = "é\\" + std::to_string(i), .limit = {}};
            Limit& limit = entry.limit;
            limit.tx.max_bps = limit_min_bps + random() % (limit_max_bps - limit_min_bps + 1);
            if (random() % 2) limit.rx.packets_per_second = 1 + random() % limit_max_pps;
            if (random() % 2) limit.burst_ns = random() % (limit_max_burst_ns + 1);
            limit.mode = static_cast<LimitMode>(random() % 3);
            limit.overhead_bytes = limit_min_overhead_bytes + static_cast<int>(random() % 321);
            document.limits->push_back(entry);
        }
        auto again = parse_document(print_document(document), "again");
        ASSERT_TRUE(again) << print_document(document) << to_line(again.error());
        EXPECT_EQ(again->vnics, document.vnics) << print_document(document);
        EXPECT_EQ(again->limits, document.limits) << print_document(document);
    }
}

TEST(PrintDocument, IsOneLineAVnic) {
    Document document{{{.interface = "vnet3", .tenant = "web"},
                       {.interface = "eth0", .tenant = {}, .role = Role::uplink, .capacity_bps = 10'000'000'000}}};
    EXPECT_EQ(print_document(document),
              R"({
  "schema_version": 1,
  "vnics": [
    {"interface": "vnet3", "tenant": "web", "role": "vnic", "ingress_hook": "auto", "flows": 8192},
    {"interface": "eth0", "role": "uplink", "ingress_hook": "auto", "flows": 8192, "capacity": "10gbit"}
  ]
}
)");
    document.vnics.resize(1);
    document.limits = {{.tenant = "web",
                        .limit = {.tx = {100'000'000, 0},
                                  .rx = {200'000'000, 50'000},
                                  .burst_ns = 2'000'000,
                                  .mode = LimitMode::mark,
                                  .overhead_bytes = 24}},
                       {.tenant = "db", .limit = {.tx = {0, 1000}, .rx = {}}}};
    EXPECT_EQ(print_document(document),
              R"({
  "schema_version": 1,
  "vnics": [
    {"interface": "vnet3", "tenant": "web", "role": "vnic", "ingress_hook": "auto", "flows": 8192}
  ],
  "limits": [
    {"tenant": "web", "tx_max": "100mbit", "rx_max": "200mbit", "rx_pps": 50000, "mode": "mark", "burst": "2ms", "overhead_bytes": 24},
    {"tenant": "db", "tx_pps": 1000, "mode": "shape"}
  ]
}
)");
    EXPECT_EQ(print_document({.vnics = {}, .limits = std::vector<TenantLimit>{}}),
              "{\n  \"schema_version\": 1,\n  \"vnics\": [],\n  \"limits\": []\n}\n");
    EXPECT_EQ(print_document({}), "{\n  \"schema_version\": 1,\n  \"vnics\": []\n}\n");
}

TEST(LoadDocument, ReadsFilesAndSaysWhyNot) {
    auto missing = load_document("/nonexistent/weir.json");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().what, "cannot read /nonexistent/weir.json");
    EXPECT_EQ(missing.error().evidence, "No such file or directory");
    EXPECT_FALSE(missing.error().hint.empty());
    EXPECT_EQ(load_document("/").error().evidence, "Is a directory");

    std::string path = testing::TempDir() + "weir_document_test_" + std::to_string(getpid()) + ".json";
    std::ofstream(path) << R"({"schema_version": 1, "vnics": []})" << std::string((16 << 20) - 34, ' ');
    EXPECT_TRUE(load_document(path));
    std::ofstream(path, std::ios::app) << " ";
    EXPECT_EQ(load_document(path).error().evidence, "it is larger than 16 MiB");
    std::filesystem::remove(path);
}

TEST(Configs, AllParse) {
    std::set<std::string> seen;
    for (const auto& file : std::filesystem::directory_iterator(configs())) {
        std::string name = file.path().filename();
        if (file.path().extension() != ".json" || name == "weir.schema.json") continue;
        auto document = load_document(file.path());
        ASSERT_TRUE(document) << to_line(document.error());
        EXPECT_FALSE(document->vnics.empty()) << name;
        EXPECT_TRUE(parse_document(print_document(*document), name)) << name;
        seen.insert(name);
    }
    for (const char* name : {"single-vnic.json", "bridge-three-tenants.json", "guest.json", "two-limits.json"})
        EXPECT_TRUE(seen.contains(name)) << name;
}

json schema() {
    std::ifstream file(configs() / "weir.schema.json");
    return json::parse(file);
}

TEST(Schema, HasThePropertiesThatTheParserKnows) {
    json root = schema();
    json properties = root["$defs"]["vnic"]["properties"];
    std::map<std::string, std::string> samples{{"interface", R"("a")"},      {"tenant", R"("t")"},
                                               {"role", R"("uplink")"},      {"flows", "64"},
                                               {"ingress_hook", R"("tc")"},  {"capacity", R"("1bit")"},
                                               {"capacity_rx", R"("2bit")"}, {"addresses", R"(["10.0.0.2"])"}};
    std::string all;
    for (const auto& [key, unused] : properties.items()) {
        ASSERT_TRUE(samples.contains(key)) << key;
        // An uplink has everything but a tenant's addresses.
        if (key == "addresses") continue;
        all += (all.empty() ? "{\"" : ", \"") + key + "\": " + samples[key];
    }
    EXPECT_EQ(properties.size(), samples.size());
    EXPECT_EQ(vnic_problem(all + "}"), "no problem");
    // The parser's own list of what it knows.
    std::string hint = parse_document(with_vnic(R"({"zzzzzzzzzz": 1})"), "x").error().hint;
    for (const auto& [key, unused] : properties.items())
        EXPECT_THAT(hint, HasSubstr(key));
    EXPECT_EQ(std::ranges::count(hint, ',') + 1, static_cast<std::ptrdiff_t>(properties.size()));
    hint = parse_document(R"({"zzzzzzzzzz": 1})", "x").error().hint;
    for (const auto& [key, unused] : root["properties"].items())
        EXPECT_THAT(hint, HasSubstr(key));
    EXPECT_EQ(std::ranges::count(hint, ',') + 1, static_cast<std::ptrdiff_t>(root["properties"].size()));
    EXPECT_EQ(root["additionalProperties"], false);
    EXPECT_EQ(root["$defs"]["vnic"]["additionalProperties"], false);
    EXPECT_EQ(root["required"], json({"schema_version", "vnics"}));
    EXPECT_EQ(root["$defs"]["vnic"]["required"], json({"interface"}));
}

TEST(Schema, HasTheLimitsOfTheParser) {
    const json root = schema();
    const json limit = root["$defs"]["limit"];
    const std::string hint =
        parse_document(R"({"schema_version": 1, "vnics": [], "limits": [{"zzzzzzzzzz": 1}]})", "x").error().hint;
    for (const auto& [key, unused] : limit["properties"].items())
        EXPECT_THAT(hint, HasSubstr(key));
    EXPECT_EQ(std::ranges::count(hint, ',') + 1, static_cast<std::ptrdiff_t>(limit["properties"].size()));
    EXPECT_EQ(limit["additionalProperties"], false);
    EXPECT_EQ(limit["required"], json({"tenant"}));
    for (const auto& one : limit["anyOf"])
        EXPECT_TRUE(limit["properties"].contains(one["required"][0]));
    for (const auto& word : limit["properties"]["mode"]["enum"])
        EXPECT_TRUE(limit_mode_from(word.get<std::string>())) << word;
    EXPECT_EQ(limit["properties"]["mode"]["enum"].size(), 3U);
    EXPECT_EQ(limit["properties"]["mode"]["default"], to_string(Limit{}.mode));
    EXPECT_EQ(limit["properties"]["overhead_bytes"]["minimum"], limit_min_overhead_bytes);
    EXPECT_EQ(limit["properties"]["overhead_bytes"]["maximum"], limit_max_overhead_bytes);
    EXPECT_EQ(root["$defs"]["packet_rate"]["minimum"], limit_min_pps);
    EXPECT_EQ(root["$defs"]["packet_rate"]["maximum"], limit_max_pps);
    EXPECT_EQ(root["properties"]["limits"]["maxItems"], WEIR_TENANTS_MAX);
}

TEST(Schema, HasTheWordsAndBoundsOfTheParser) {
    json properties = schema()["$defs"]["vnic"]["properties"];
    auto words = [&](const char* key) { return properties[key]["enum"].get<std::vector<std::string>>(); };
    for (const auto& word : words("role"))
        EXPECT_TRUE(role_from(word)) << word;
    for (Role role : {Role::vnic, Role::uplink, Role::guest})
        EXPECT_THAT(words("role"), ::testing::Contains(to_string(role)));
    for (const auto& word : words("ingress_hook"))
        EXPECT_TRUE(ingress_choice_from(word)) << word;
    for (IngressChoice choice : {IngressChoice::automatic, IngressChoice::tc, IngressChoice::xdp})
        EXPECT_THAT(words("ingress_hook"), ::testing::Contains(to_string(choice)));
    EXPECT_EQ(properties["flows"]["minimum"], flows_min);
    EXPECT_EQ(properties["flows"]["maximum"], flows_max);
    EXPECT_EQ(properties["flows"]["default"], flows_default);
    EXPECT_EQ(properties["role"]["default"], to_string(VnicSpec{}.role));
    EXPECT_EQ(properties["ingress_hook"]["default"], to_string(VnicSpec{}.ingress));
    EXPECT_EQ(properties["interface"]["maxLength"], WEIR_NAME_ROOM - 1);
    EXPECT_EQ(properties["tenant"]["maxLength"], WEIR_TENANT_ROOM - 1);
    EXPECT_EQ(properties["addresses"]["maxItems"], guard_prefixes_max);
    EXPECT_EQ(schema()["properties"]["vnics"]["maxItems"], WEIR_VNICS_MAX);
    EXPECT_EQ(schema()["properties"]["schema_version"]["const"], 1);
}

}  // namespace
}  // namespace weir
