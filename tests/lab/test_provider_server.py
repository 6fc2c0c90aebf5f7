from voipwatch.lab.policy.names import dns_addresses, dns_query
from voipwatch.lab.provider_server import bind, resolve
from voipwatch.wire.stun import StunClass, decode_stun, message_type
from voipwatch.wire.stun_build import build_stun

NAMES = {"a.example": "192.0.2.7"}
TRANSACTION = bytes(range(12))


def test_a_resolver_knows_addresses_of_its_names_and_no_others() -> None:
    known = resolve(NAMES, dns_query("a.example"))
    assert known is not None
    assert dns_addresses(known) == ("192.0.2.7",)
    unknown = resolve(NAMES, dns_query("b.example"))
    assert unknown is not None
    assert (dns_addresses(unknown), unknown[3] & 0xF) == ((), 3)


def test_a_name_that_exists_has_no_record_of_another_type_and_exists_all_the_same() -> None:
    question = dns_query("a.example")[:-4] + b"\0\x1c\0\x01"  # AAAA
    answer = resolve(NAMES, question)
    assert answer is not None
    assert (answer[3] & 0xF, answer[6:8], answer[:2]) == (0, b"\0\0", question[:2])
    assert resolve(NAMES, b"") is None


def test_a_stun_server_answers_its_transaction_and_nothing_else() -> None:
    answer = bind(build_stun(message_type(1, StunClass.REQUEST), TRANSACTION))
    assert answer is not None
    assert decode_stun(answer).transaction_id == TRANSACTION
    assert answer[:2] == b"\x01\x01"
    assert bind(b"no stun") is None
